//! Options that decide which facts a scan reads. They belong to the inventory: a later scan
//! inherits them, may add to them, and reduces them only on request.

use rmsight::{Depth, InspectorBuilder, Limits, READER_VERSION};
#[cfg(feature = "pst")]
use rmsight_pst::PstLimits;

use crate::inspector::{self, FileLimits};
use crate::inventory::{Fitness, ReadingRow};

/// How the user wants files to be read.
#[derive(Debug, Clone)]
pub(crate) struct ReadRequest {
    /// Reads only the head of each license, and verifies nothing.
    pub(crate) quick: bool,
    pub(crate) no_verify: bool,
    /// Verifies, even if earlier scans of the inventory did not.
    pub(crate) verify: bool,
    pub(crate) labels: bool,
    pub(crate) deep: bool,
    pub(crate) fingerprint: bool,
    /// The limits of this request, with defaults for those that are not set.
    pub(crate) limits: FileLimits,
    /// Limits that the user set, by their names.
    pub(crate) set_limits: Vec<(String, u64)>,
    #[cfg(feature = "pst")]
    pub(crate) pst_timeout: Option<u64>,
    #[cfg(feature = "pst")]
    pub(crate) pst_memory: Option<u64>,
}

/// Limits whose default was higher in the first version, with that default.
const FIRST_DEFAULTS: [(&str, u64); 2] = [("ratio", 1_100), ("steps-total", 1_099_511_627_776)];

/// The effective options of one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadOptions {
    quick: bool,
    verify: bool,
    labels: bool,
    deep: bool,
    fingerprint: bool,
    limits: Limits,
    #[cfg(feature = "pst")]
    pst: PstLimits,
}

/// The effective options of a scan in an inventory that already has options.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) options: ReadOptions,
    /// Messages for the user.
    pub(crate) notes: Vec<String>,
}

impl ReadOptions {
    /// Returns the options of the request alone, without those of an inventory.
    pub(crate) fn of(args: &ReadRequest) -> ReadOptions {
        ReadOptions {
            quick: args.quick,
            verify: !args.quick && !args.no_verify,
            labels: args.labels,
            deep: args.deep,
            fingerprint: args.fingerprint,
            limits: args.limits.library.clone(),
            #[cfg(feature = "pst")]
            pst: args.limits.pst,
        }
    }

    /// Parses the text of options in an inventory. Returns `None` if it is not valid.
    fn parse(text: &str) -> Option<ReadOptions> {
        let mut options = ReadOptions {
            quick: false,
            verify: false,
            labels: false,
            deep: false,
            fingerprint: false,
            limits: Limits::default(),
            #[cfg(feature = "pst")]
            pst: PstLimits::default(),
        };
        // A limit that the text does not name did not exist at that time. It must count as lower
        // than any other value.
        let names: Vec<&str> = Limits::default().entries().map(|(name, _)| name).collect();
        names.iter().for_each(|name| _ = options.limits.set(name, 0));
        for word in text.split(' ') {
            match word.split_once('=') {
                None => match word {
                    "verify" => options.verify = true,
                    "labels" => options.labels = true,
                    "deep" => options.deep = true,
                    "fingerprint" => options.fingerprint = true,
                    _ => return None,
                },
                Some(("depth", depth)) => options.quick = depth == Depth::Head.as_str(),
                Some(("pst", _limits)) => {
                    #[cfg(feature = "pst")]
                    {
                        let (seconds, memory) = _limits.split_once("s,")?;
                        options.pst.seconds = seconds.parse().ok()?;
                        options.pst.memory = memory.parse().ok()?;
                    }
                }
                // Ignore limits that no longer exist.
                Some((name, amount)) => _ = options.limits.set(name, amount.parse().ok()?),
            }
        }
        Some(options)
    }

    /// Serializes all options that affect the facts. Equal options give equal text.
    fn text(&self) -> String {
        let depth = if self.quick { Depth::Head } else { Depth::Full };
        let mut text = format!("depth={depth}");
        let options = [
            ("labels", self.labels),
            ("deep", self.deep),
            ("verify", self.verify),
            ("fingerprint", self.fingerprint),
        ];
        for (name, _) in options.iter().filter(|(_, is_on)| *is_on) {
            text += &format!(" {name}");
        }
        for (name, amount) in self.limits.entries() {
            text += &format!(" {name}={amount}");
        }
        #[cfg(feature = "pst")]
        {
            text += &format!(" pst={}s,{}", self.pst.seconds, self.pst.memory);
        }
        text
    }

    /// Returns the row of the inventory that stores these options.
    pub(crate) fn reading(&self) -> ReadingRow {
        ReadingRow { reader: READER_VERSION, options: self.text() }
    }

    /// Returns which rows that were read with the earlier options `reading` are still valid. Rows
    /// that contain at least as much are.
    pub(crate) fn fitness(&self, reading: &ReadingRow) -> Fitness {
        if reading.reader < READER_VERSION {
            return Fitness { is_older: true, ..Fitness::default() };
        }
        let past = ReadOptions::parse(&reading.options);
        let Some(past) = past.filter(|_| reading.reader == READER_VERSION) else {
            return Fitness { is_stale: true, ..Fitness::default() };
        };
        Fitness {
            is_older: false,
            is_stale: (self.labels && !past.labels) || (self.deep && !past.deep),
            not_licensed: (self.verify && !past.verify)
                || (past.quick && !self.quick)
                || (self.fingerprint && !past.fingerprint),
            not_limited: self.allows_more(&past),
        }
    }

    fn allows_more(&self, past: &ReadOptions) -> bool {
        let mut pairs = self.limits.entries().zip(past.limits.entries());
        let more = pairs.any(|((_, now), (_, then))| now > then);
        #[cfg(feature = "pst")]
        let more = more || self.pst.seconds > past.pst.seconds || self.pst.memory > past.pst.memory;
        more
    }

    /// Merges a request with `past`, the options of the newest scan of the inventory. `is_first` is
    /// set if a program of the first version made that scan.
    ///
    /// # Errors
    ///
    /// Fails if the request reads less than the inventory contains. The text names the options.
    pub(crate) fn settle(
        args: &ReadRequest,
        past: &ReadingRow,
        is_first: bool,
        downgrade: bool,
    ) -> Result<Settled, String> {
        let alone = ReadOptions::of(args);
        let Some(mut past_options) = ReadOptions::parse(&past.options) else {
            return Ok(Settled { options: alone, notes: Vec::new() });
        };
        if is_first {
            past_options.clear_first_defaults();
        }
        let mut notes = Vec::new();
        if downgrade {
            let removed = past_options.beyond(&alone);
            if !removed.is_empty() {
                notes.push(format!(
                    "options removed: {}; facts that were read with them stay",
                    removed.join(", ")
                ));
            }
            return Ok(Settled { options: alone, notes });
        }
        let lowered = lowered(args, &past_options);
        if !lowered.is_empty() {
            return Err(lowered.join(", "));
        }
        let options = past_options.raised(args, is_first);
        let taken = options.differences(&alone);
        if !taken.is_empty() {
            notes.push(format!("options taken over from its earlier scans: {}", taken.join(", ")));
        }
        let added = options.beyond(&past_options);
        if !added.is_empty() {
            notes.push(format!(
                "options added: {}; files that need them are read again",
                added.join(", ")
            ));
        }
        Ok(Settled { options, notes })
    }

    /// Clears the limits that equal a default of the first version, so that the current defaults
    /// apply.
    fn clear_first_defaults(&mut self) {
        for (name, amount) in FIRST_DEFAULTS {
            if of(&self.limits, name) == amount {
                _ = self.limits.set(name, 0);
            }
        }
    }

    /// Returns these options with the additions of the request. If `is_first` is set, these options
    /// are of the first version, which did not verify by default.
    fn raised(&self, args: &ReadRequest, is_first: bool) -> ReadOptions {
        let mut options = self.clone();
        options.labels |= args.labels;
        options.deep |= args.deep;
        if args.fingerprint && options.quick {
            // Only a completely read license has a hash.
            options.quick = false;
            options.verify |= !args.no_verify;
        }
        options.fingerprint |= args.fingerprint;
        options.quick &= !args.verify;
        options.verify |= args.verify;
        if is_first && !options.quick && !args.no_verify {
            options.verify = true;
        }
        // Limits that did not exist at that time get their defaults.
        for (name, amount) in args.limits.library.entries() {
            if of(&options.limits, name) == 0 {
                _ = options.limits.set(name, amount);
            }
        }
        for (name, amount) in &args.set_limits {
            _ = options.limits.set(name, *amount);
        }
        #[cfg(feature = "pst")]
        {
            options.pst.seconds = args.pst_timeout.unwrap_or(options.pst.seconds);
            options.pst.memory = args.pst_memory.unwrap_or(options.pst.memory);
        }
        options
    }

    /// Returns the options that read more than those of `other`.
    fn beyond(&self, other: &ReadOptions) -> Vec<String> {
        let mut all = Vec::new();
        let flags = [
            ("full depth (without --quick)", !self.quick && other.quick),
            ("--verify", self.verify && !other.verify),
            ("--labels", self.labels && !other.labels),
            ("--deep", self.deep && !other.deep),
            ("--fingerprint", self.fingerprint && !other.fingerprint),
        ];
        all.extend(flags.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned()));
        let limits = self.limits.entries().zip(other.limits.entries());
        let more = limits.filter(|((_, one), (_, other))| one > other && *other > 0);
        all.extend(more.map(|((name, amount), _)| format!("--limit {name}={amount}")));
        #[cfg(feature = "pst")]
        for (name, one, other) in [
            ("--pst-timeout", self.pst.seconds, other.pst.seconds),
            ("--pst-memory", self.pst.memory, other.pst.memory),
        ] {
            if one > other {
                all.push(format!("{name} {one}"));
            }
        }
        all
    }

    /// Returns the options that `alone`, the request without an inventory, does not contain.
    fn differences(&self, alone: &ReadOptions) -> Vec<String> {
        let mut all = Vec::new();
        let flags = [
            ("--quick", self.quick && !alone.quick),
            ("--no-verify", !self.quick && !self.verify && alone.verify),
            ("--labels", self.labels && !alone.labels),
            ("--deep", self.deep && !alone.deep),
            ("--fingerprint", self.fingerprint && !alone.fingerprint),
        ];
        all.extend(flags.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned()));
        let limits = self.limits.entries().zip(alone.limits.entries());
        let other = limits.filter(|(one, alone)| one != alone);
        all.extend(other.map(|((name, amount), _)| format!("--limit {name}={amount}")));
        #[cfg(feature = "pst")]
        for (name, one, alone) in [
            ("--pst-timeout", self.pst.seconds, alone.pst.seconds),
            ("--pst-memory", self.pst.memory, alone.pst.memory),
        ] {
            if one != alone {
                all.push(format!("{name} {one}"));
            }
        }
        all
    }

    pub(crate) fn inspector(&self) -> InspectorBuilder {
        let limits = FileLimits {
            library: self.limits.clone(),
            #[cfg(feature = "pst")]
            pst: self.pst,
        };
        inspector::builder(limits)
            .depth(if self.quick { Depth::Head } else { Depth::Full })
            .labels(self.labels)
            .deep(self.deep)
            .verify(self.verify)
            .fingerprint(self.fingerprint)
            .keep_licenses(false)
    }
}

/// Returns the requested options that read less than the inventory contains.
fn lowered(args: &ReadRequest, past: &ReadOptions) -> Vec<String> {
    let mut all = Vec::new();
    if args.quick && !past.quick {
        all.push("--quick".to_owned());
    }
    if args.no_verify && past.verify {
        all.push("--no-verify".to_owned());
    }
    for (name, amount) in &args.set_limits {
        let then = of(&past.limits, name);
        if *amount < then {
            all.push(format!("--limit {name}={amount} (it has {then})"));
        }
    }
    #[cfg(feature = "pst")]
    for (name, given, then) in [
        ("--pst-timeout", args.pst_timeout, past.pst.seconds),
        ("--pst-memory", args.pst_memory, past.pst.memory),
    ] {
        if let Some(given) = given.filter(|given| *given < then) {
            all.push(format!("{name} {given} (it has {then})"));
        }
    }
    all
}

fn of(limits: &Limits, name: &str) -> u64 {
    limits.entries().find(|(one, _)| *one == name).map_or(0, |(_, amount)| amount)
}

//! `rmsight scan`: a walk, workers, one writer, and an inventory where one is wanted.

mod engine;
mod keep;
mod recorder;
mod roots;
mod worker;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use rmsight::Cancel;

use crate::args::{Format, Scan};
use crate::device::{Devices, is_remote};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::output::Page;
use crate::progress::{Counts, Progress};
use crate::rate::Throttle;
use crate::reading::ReadOptions;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::tally::Tally;
use crate::totals;
use crate::walk::{Filter, LeftOut, Root, Walk, Work};
use engine::{Shared, WAITING};
use keep::Kept;

pub(crate) fn run(args: &Scan) -> Result<Outcome> {
    let stop = Stop::default();
    let filter = Filter::new(&args.manners.include, &args.manners.exclude)?;
    // A mistake in these is told before an inventory is made.
    let (estate, redactor) =
        (crate::estate::load(args.estate.as_deref())?, args.privacy.redactor()?);
    let (keeper, ledger, roots, options, source) = match &args.inventory {
        Some(file) => {
            let opened = keep::begin(file, args, &stop)?;
            let (keeper, ledger) = (Some(opened.keeper), Some(opened.ledger));
            (keeper, ledger, opened.roots, opened.options, opened.source)
        }
        None => (None, None, roots(args)?, ReadOptions::of(&args.reading), args.source.clone()),
    };
    let cancel = Cancel::new();
    let inspector = options.inspector(cancel.clone());
    let settings = Settings { estate, redactor, source, inspector, cancel };
    stop.listen().map_err(Failure::message)?;
    let jobs = match args.jobs {
        Some(jobs) => usize::from(jobs),
        None => usual_jobs(&roots, args.manners.one_file_system),
    };
    let (sender, waiting) = bounded(WAITING);
    // With an inventory that keeps the records, they are written only if somebody asks for them.
    let format = args.format.or(keeper.is_none().then_some(Format::Text));
    let throttle = Throttle::new(args.manners.max_rate, stop.clone());
    let shared = Arc::new(Shared {
        settings,
        format,
        is_eager: jobs == 1 && io::stdout().is_terminal(),
        walk: Walk {
            roots,
            filter,
            one_file_system: args.manners.one_file_system,
            hydrate: args.manners.hydrate,
            in_order: jobs == 1,
            ledger,
            jobs: sender,
            workers: jobs,
            stop,
            left_out: LeftOut::default(),
            work: Work::default(),
            devices: Devices::default(),
            failure: Mutex::new(None),
        },
        counts: Counts::default(),
        throttle,
        read_timeout: Duration::from_secs(args.manners.read_timeout),
        opener: worker::open_file,
    });
    let expected = keeper.as_ref().and_then(|keeper| keeper.expected);
    let progress = Progress::new(args.quiet, format.is_some(), expected);
    let mut out = io::stdout().lock();
    if let Some(format) = format {
        out.write_all(&Page::header(format)).map_err(|error| Failure::writing(&error))?;
    }
    let scanned = engine::scan(&shared, waiting, progress, &mut out);
    // What was read is kept, however it ended.
    let kept = match (keeper, &scanned) {
        (Some(keeper), scanned) => {
            let read = scanned.as_ref().ok().cloned().unwrap_or_default();
            Some(keeper.end(&shared, &read, args.accept_empty))
        }
        (None, _) => None,
    };
    let (tally, kept) = (scanned?, kept.transpose()?);
    conclude(args, &shared, &tally, kept.as_ref(), &mut out)
}

/// The least threads that read remote files. `tree_bench --slow` on two processors, whole licenses
/// verified: where a read takes 1 ms, 32 threads read 20 times as many files a second as one, and 64
/// read 25 times as many; where it takes 5 ms, 32 times and 59 times. More would mostly ask more of
/// the server at once. Local files do not get as many: on a loaded machine, 32 threads instead of
/// two took 1.2 to 2.5 times the processor time for small ones, and 40 to 50 MB more.
const REMOTE_JOBS: usize = 32;

/// How many threads read without `-j`.
fn usual_jobs(roots: &[Arc<Root>], one_file_system: bool) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let is_remote = |root: &Arc<Root>| {
        // A root that does not exist gets its message later.
        let real = || crate::inventory::real(&root.path);
        root.list.is_none() && real().is_some_and(|path| is_remote(&path, one_file_system))
    };
    if roots.iter().any(is_remote) { processors.max(REMOTE_JOBS) } else { processors }
}

/// What was named, as it was spelled.
fn roots(args: &Scan) -> Result<Vec<Arc<Root>>> {
    let named = roots::distinct(&args.paths, args.manners.one_file_system)?;
    let paths = named.into_iter().map(|one| Root::new(one.spelled, 0, None));
    let lists = args.files_from.iter();
    let lists = lists.map(|list| Root::new(list.clone(), 0, Some(args.list())));
    Ok(paths.chain(lists).map(Arc::new).collect())
}

/// Says how it ended.
fn conclude(
    args: &Scan,
    shared: &Shared,
    tally: &Tally,
    kept: Option<&Kept>,
    out: &mut impl io::Write,
) -> Result<Outcome> {
    if let Some(signal) = shared.walk.stop.signal() {
        out.flush().map_err(|error| Failure::writing(&error))?;
        warn(stopped(args, tally));
        return Ok(Outcome::Stopped(signal));
    }
    if matches!(shared.format, None | Some(Format::Text)) {
        let mut head = totals::searched(tally, &shared.walk.left_out);
        if let (Some(kept), Some(file)) = (kept, &args.inventory) {
            head += &totals::kept(&shared.walk.left_out, kept.vanished, file);
        }
        let all = kept.map_or(tally, |kept| &kept.tally);
        totals::write(&head, all, &shared.settings.estate, out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.flush().map_err(|error| Failure::writing(&error))?;
    Ok(outcome(args, shared, tally, kept))
}

fn stopped(args: &Scan, tally: &Tally) -> String {
    let read = crate::words::counted(tally.files, "file");
    match &args.inventory {
        Some(file) => format!(
            "stopped after reading {read}. {} has them: the same command goes on from here.",
            file.display()
        ),
        None => format!("stopped after reading {read}. With -i FILE a scan can go on later."),
    }
}

/// Returns how the scan ended. A scan without any file is incomplete, unless the user said that an
/// empty folder is right.
fn outcome(args: &Scan, shared: &Shared, tally: &Tally, kept: Option<&Kept>) -> Outcome {
    let failed = shared.walk.left_out.failed_roots.load(Ordering::Relaxed)
        + kept.map_or(0, |kept| kept.failed_roots);
    let roots = shared.walk.roots.iter().filter(|root| root.list.is_none()).count();
    let roots = u64::try_from(roots).unwrap_or(u64::MAX);
    let unchanged = shared.walk.left_out.unchanged.load(Ordering::Relaxed);
    if failed > 0 && failed >= roots && tally.files == 0 && unchanged == 0 {
        return Outcome::Nothing;
    }
    Outcome::of(match kept {
        Some(kept) => {
            let may_be_empty = args.accept_empty || !kept.tally.is_empty();
            kept.tally.is_complete() && !kept.is_incomplete && may_be_empty
        }
        None => tally.is_complete() && !tally.is_empty(),
    })
}

//! The table of modifiers. After a rule has decided, all modifiers that match apply, in this order.

use std::hash::{Hash, Hasher};

use super::inputs::{HostClass, Inputs};
use super::outcome::{Confidence, Need};
use super::rules::Rule;
use crate::authority::KeyMatch;
use crate::kinds::{Anomaly, IssuerKind, KeyLink, Signature};
use crate::license::SELF_ENROLLMENT;

/// One row of the table of modifiers. [`modifiers`] returns all. After a rule has decided about a protected
/// file, each modifier that matches adds its sentence and anomaly, lowers the confidence, or changes `no` to
/// `possible`. No modifier changes a `yes`.
#[derive(Debug)]
pub struct Modifier {
    id: &'static str,
    condition: &'static str,
    sentence: &'static str,
    effect: Effect,
    matches: fn(&Inputs<'_>, &Rule) -> bool,
}

/// The changes that a modifier makes to a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Effect {
    anomaly: Option<Anomaly>,
    confidence: Change,
    /// A `no` becomes `possible`.
    doubts_no: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    StepDown,
    AtMostMedium,
}

impl Modifier {
    /// Returns the id in the table, for example `M24`. Two conditions can share one.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the condition, in the terms of the table: those of [`Rule::condition`], ids of rules, and
    /// columns of the record. `S` is the time from which the key is read-only.
    pub fn condition(&self) -> &'static str {
        self.condition
    }

    /// Returns the sentence for people, in English.
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// Returns the changes in English words; empty if the modifier only adds its sentence.
    pub fn effect(&self) -> String {
        let confidence = match self.effect.confidence {
            Change::None => None,
            Change::StepDown => Some("confidence one step down"),
            Change::AtMostMedium => Some("confidence at most medium"),
        };
        let need = self.effect.doubts_no.then_some("`no` becomes `possible`");
        let anomaly = self.effect.anomaly.map(Anomaly::as_str);
        [anomaly, confidence, need].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Returns the anomaly that it adds to the record; `None` if it adds none.
    pub fn anomaly(&self) -> Option<Anomaly> {
        self.effect.anomaly
    }

    pub(crate) fn matches(&self, inputs: &Inputs<'_>, rule: &Rule) -> bool {
        (self.matches)(inputs, rule)
    }

    pub(crate) fn need(&self, need: Need) -> Need {
        match need {
            Need::No if self.effect.doubts_no => Need::Possible,
            same => same,
        }
    }

    pub(crate) fn confidence(&self, confidence: Confidence) -> Confidence {
        match (self.effect.confidence, confidence) {
            (Change::StepDown | Change::AtMostMedium, Confidence::High) => Confidence::Medium,
            (Change::StepDown, _) => Confidence::Low,
            (_, same) => same,
        }
    }
}

/// Returns the action after which no modifier doubts the verdict, if the action of the rule does not
/// suffice.
pub(crate) fn settled_by(matched: &[&Modifier]) -> Option<&'static str> {
    let mut all = SETTLED_BY.iter();
    let found = all.find(|(id, _)| matched.iter().any(|modifier| modifier.id == *id));
    found.map(|(_, action)| *action)
}

/// Actions that settle modifiers. The first one that applies counts.
const SETTLED_BY: [(&str, &str); 4] = [
    (
        "M28",
        "Restore an undamaged copy of the file, or delete it: it was not read to the end, or \
         contradicts its license, and no declaration of this key settles that.",
    ),
    (
        "M16",
        "Protect the document anew, or delete it: its signature does not prove its key, and no \
         declaration of this key settles that.",
    ),
    ("M21", "Correct the id or the key in the estate file: one of them is declared wrongly."),
    ("M30", "Answer the `?` in the estate file that decides about this key."),
];

/// Compares conditions, which are unique in the table. Ids are not.
impl PartialEq for Modifier {
    fn eq(&self, other: &Modifier) -> bool {
        self.condition == other.condition
    }
}

impl Eq for Modifier {}

impl Hash for Modifier {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
    }
}

/// Returns the modifiers, in the order in which they apply.
///
/// ```
/// for modifier in rmsight::modifiers() {
///     println!("{:5} {}: {}", modifier.id(), modifier.condition(), modifier.effect());
/// }
/// ```
pub fn modifiers() -> impl Iterator<Item = &'static Modifier> {
    MODIFIERS.iter()
}

const fn annotates(anomaly: Anomaly) -> Effect {
    Effect { anomaly: Some(anomaly), confidence: Change::None, doubts_no: false }
}

const fn doubts(anomaly: Anomaly) -> Effect {
    Effect { anomaly: Some(anomaly), confidence: Change::None, doubts_no: true }
}

const DOUBTS_NO: Effect = Effect { anomaly: None, confidence: Change::None, doubts_no: true };

/// Whether the rule says that a tenant issued the license, and the estate does not have the key.
fn is_tenant_rule(rule: &Rule) -> bool {
    matches!(rule.id(), "R06" | "R06b")
}

/// Whether the rule says that an AD RMS cluster holds the key.
fn is_held_by_cluster(rule: &Rule) -> bool {
    matches!(rule.id(), "R04" | "R04k")
}

const MODIFIERS: &[Modifier] = &[
    Modifier {
        id: "M16",
        condition: "signature: invalid, unsigned or unsupported, or link: broken or unanchored",
        sentence: "No signature of the license leads to the key that it names, or one contradicts \
                   it: the license was changed after it was signed, or made up.",
        effect: Effect { anomaly: None, confidence: Change::StepDown, doubts_no: true },
        matches: |i, _| {
            [Signature::Invalid, Signature::Unsigned, Signature::Unsupported]
                .into_iter()
                .any(|signature| i.signature_is(signature))
                || [KeyLink::Broken, KeyLink::Unanchored].into_iter().any(|link| i.link_is(link))
        },
    },
    Modifier {
        id: "M28",
        condition: "error_code, searched not full, several-licenses, duplicate-element, \
                    stray-license-text or a name that this version does not know",
        sentence: "The file was not read to its end, or what was read is ambiguous: another key may \
                   be needed.",
        effect: Effect { anomaly: None, confidence: Change::StepDown, doubts_no: true },
        matches: |i, _| i.is_ambiguous(),
    },
    Modifier {
        id: "M18",
        condition: "K = key, but signature not valid or link neither linked nor self",
        sentence: "No verified signature leads from it to the key that it names.",
        effect: Effect { anomaly: None, confidence: Change::AtMostMedium, doubts_no: false },
        matches: |i, _| {
            i.matched(KeyMatch::Key)
                && (!i.signature_is(Signature::Valid)
                    || !(i.link_is(KeyLink::Linked) || i.link_is(KeyLink::Own)))
        },
    },
    Modifier {
        id: "M19",
        condition: "K = id",
        sentence: "The estate knows the id of its key, but not the key: an id is easily \
                   claimed.",
        effect: doubts(Anomaly::IdOnlyMatch),
        matches: |i, _| i.matched(KeyMatch::Id),
    },
    Modifier {
        id: "M20",
        condition: "K = host and the key is not in the estate; not R06 or R06b at a host of an Azure \
                    authority that stays",
        sentence: "The estate knows the host that it names, but not its key.",
        effect: doubts(Anomaly::UnknownKeyAtKnownHost),
        // Each tenant has another key, and all tenants share the hosts of Azure.
        matches: |i, rule| {
            let is_tenant = is_tenant_rule(rule) && i.is_at_staying_tenant();
            i.matched(KeyMatch::Host) && i.principal_key().is_some() && !is_tenant
        },
    },
    Modifier {
        id: "M29",
        condition: "R06 or R06b while the estate has an Azure authority that is retiring or `?`, \
                    unless the Tenant-ID is that of one that stays",
        sentence: "The estate does not have its key, which may be one of a retiring tenant.",
        effect: DOUBTS_NO,
        matches: |i, rule| is_tenant_rule(rule) && i.may_be_of_retiring_tenant(),
    },
    Modifier {
        id: "M30",
        condition: "K = key, and `?` in the estate decides: its status, or `retiring` of its \
                    authority or of the tenant that imported it, or that tenant is not declared",
        sentence: "The estate leaves open what became of its key, or whether the holder of the \
                   key goes away.",
        effect: DOUBTS_NO,
        matches: |i, _| i.is_open_question(),
    },
    Modifier {
        id: "M31",
        condition: "R03 or R03r, and X or I = ORG",
        sentence: "It names a host of the organization although Azure has its key: DNS, the \
                   redirection of clients or the service connection point has to stay.",
        effect: annotates(Anomaly::NeedsRedirection),
        matches: |i, rule| matches!(rule.id(), "R03" | "R03r") && i.names_own_host(),
    },
    Modifier {
        id: "M21",
        condition: "id and key belong to different authorities",
        sentence: "The estate has its key with one authority, and the id of its key with another.",
        effect: doubts(Anomaly::AuthorityConflict),
        matches: |i, _| i.estate_match.id_elsewhere,
    },
    Modifier {
        id: "M21",
        condition: "same id with another modulus",
        sentence: "The estate has another key under the id that it names.",
        effect: doubts(Anomaly::KeyIdConflict),
        matches: |i, _| i.estate_match.id_with_other_key,
    },
    Modifier {
        id: "M22",
        condition: "R04 or R04k, and (T or P = AZ)",
        sentence: "The estate has its key on premises, but Azure issued it: ask what became of \
                   that key.",
        effect: annotates(Anomaly::EstateContradicted),
        matches: |i, rule| {
            is_held_by_cluster(rule) && (i.has_tenant() || i.principal == HostClass::Azure)
        },
    },
    Modifier {
        id: "M12",
        condition: "R04, R04k or R08, and a label",
        sentence: "It carries a label although AD RMS protects it: perhaps \"hold your own key\".",
        effect: annotates(Anomaly::HyokCandidate),
        matches: |i, rule| {
            (is_held_by_cluster(rule) || rule.id() == "R08") && i.facts.label_id.is_some()
        },
    },
    Modifier {
        id: "M13",
        condition: "double_key",
        sentence: "It is encrypted twice: Azure RMS and the organization's own key service are \
                   both needed.",
        effect: Effect { anomaly: None, confidence: Change::None, doubts_no: false },
        matches: |i, _| i.license.is_some_and(|license| license.double_key == Some(true)),
    },
    Modifier {
        id: "M15",
        condition: "slc_issuer_key is neither Microsoft enrollment key",
        sentence: "Another server than Microsoft's enrollment issued the certificate of its key: \
                   probably it is that of a licensing-only cluster, which has a key of its own.",
        effect: annotates(Anomaly::LicensingOnlyCluster),
        // The two keys are those of self-enrollment. A server that Microsoft enrolled (RMS version
        // 1) and one of the pre-production hierarchy have other issuers, and match as well. They
        // too have separate keys, and no known file of either kind contains its chain.
        matches: |i, _| {
            let issuer = i.license.and_then(|license| license.slc_issuer_key.as_deref());
            issuer.is_some_and(|issuer| !SELF_ENROLLMENT.contains(&issuer))
        },
    },
    Modifier {
        id: "M23",
        condition: "use_license_key differs from slc_key",
        sentence: "Another key than the one that it names has served a use license for it.",
        effect: annotates(Anomaly::ServedElsewhere),
        matches: |i, _| {
            let used = i.facts.use_license_key.as_deref();
            i.principal_key().zip(used).is_some_and(|(named, used)| named != used)
        },
    },
    Modifier {
        id: "M24",
        condition: "key read-only since S: clc_issued > S",
        sentence: "A client got a certificate for publishing after the cluster became read-only: \
                   the denial does not hold on some node.",
        effect: annotates(Anomaly::ClcIssuedAfterReadOnly),
        matches: |i, _| {
            let clc = i.license.and_then(|license| license.clc_issued);
            i.read_only_since().zip(clc).is_some_and(|((_, since), clc)| clc > since)
        },
    },
    Modifier {
        id: "M25",
        condition: "key read-only since S: issued > S ≥ clc_issued",
        sentence: "It was published after the cluster became read-only, with a certificate from \
                   before that the client still holds.",
        effect: annotates(Anomaly::PublishedWithOldClc),
        matches: |i, _| {
            let issued = i.license.and_then(|license| license.issued);
            let clc = i.license.and_then(|license| license.clc_issued);
            i.read_only_since()
                .zip(issued.zip(clc))
                .is_some_and(|((_, since), (issued, clc))| issued > since && clc <= since)
        },
    },
    Modifier {
        id: "M26",
        condition: "key read-only since S: issuer_kind server, issued > S",
        sentence: "The server itself published it after it became read-only.",
        effect: annotates(Anomaly::ServerPublishedAfterReadOnly),
        matches: |i, _| {
            let server = i.license.filter(|l| l.issuer_kind == Some(IssuerKind::Server));
            let issued = server.and_then(|license| license.issued);
            i.read_only_since().zip(issued).is_some_and(|((_, since), issued)| issued > since)
        },
    },
    Modifier {
        id: "M27",
        condition: "key read-only since S: modified > S ≥ issued",
        sentence: "The file was changed after the cluster became read-only, under its old \
                   license.",
        effect: annotates(Anomaly::EditedAfterReadOnly),
        matches: |i, _| {
            let issued = i.license.and_then(|license| license.issued);
            i.read_only_since()
                .zip(issued.zip(i.modified))
                .is_some_and(|((since, _), (issued, modified))| modified > since && issued <= since)
        },
    },
];

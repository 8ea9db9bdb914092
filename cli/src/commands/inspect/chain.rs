//! The certificates of a license as a tree: issuers are parents.

use rmsight::{Certificate, CertificateKind, Timestamp};

/// Maximum indentation, in levels.
const DEEPEST: usize = 24;

/// A certificate in the tree.
#[derive(Debug)]
pub(super) struct ChainNode<'c> {
    /// 1-based position in the license.
    pub(super) number: usize,
    pub(super) certificate: &'c Certificate,
    /// Number of its issuer.
    pub(super) by: Option<usize>,
    pub(super) link: IssuerLink,
    /// Indentation, in levels.
    pub(super) depth: usize,
}

/// Relation of a certificate to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IssuerLink {
    /// The parent certifies the key of its issuer, and was valid when it was issued.
    Good,
    /// The parent certifies the key of its issuer, but was not valid when it was issued.
    OutOfTime,
    /// No certificate in the file certifies the key of its issuer.
    End,
}

impl IssuerLink {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            IssuerLink::Good => "good",
            IssuerLink::OutOfTime => "out-of-time",
            IssuerLink::End => "end",
        }
    }
}

/// Returns all certificates. Each parent precedes its children.
pub(super) fn tree(certificates: &[Certificate]) -> Vec<ChainNode<'_>> {
    let above: Vec<Option<(usize, IssuerLink)>> =
        (0..certificates.len()).map(|at| above(at, certificates)).collect();
    let mut order = Vec::with_capacity(certificates.len());
    let mut seen = vec![false; certificates.len()];
    let tops = (0..certificates.len()).filter(|at| above[*at].is_none());
    // Certificates that issue each other do not have a root.
    let circles = 0..certificates.len();
    for top in tops.chain(circles) {
        let mut open = vec![(top, 0)];
        while let Some((at, depth)) = open.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let link = above[at].map_or(IssuerLink::End, |(_, link)| link);
            let by = above[at].map(|(by, _)| by + 1);
            let certificate = &certificates[at];
            let depth: usize = depth;
            order.push(ChainNode {
                number: at + 1,
                certificate,
                by,
                link,
                depth: depth.min(DEEPEST),
            });
            let below = (0..certificates.len()).rev();
            let below = below.filter(|child| above[*child].is_some_and(|(by, _)| by == at));
            open.extend(below.map(|child| (child, depth + 1)));
        }
    }
    order
}

/// Returns the issuer of a certificate: the first one that was valid, or else the first one.
fn above(at: usize, certificates: &[Certificate]) -> Option<(usize, IssuerLink)> {
    let child = &certificates[at];
    let all = || {
        let others = certificates.iter().enumerate().filter(move |(other, _)| *other != at);
        others.filter(|(_, parent)| may_have_issued(parent, child))
    };
    let in_time = all().find(|(_, parent)| is_in_time(parent, child));
    match in_time {
        Some((parent, _)) => Some((parent, IssuerLink::Good)),
        None => all().next().map(|(parent, _)| (parent, IssuerLink::OutOfTime)),
    }
}

/// Returns whether `one` may issue certificates, and its principal is the issuer of `other`.
fn may_have_issued(one: &Certificate, other: &Certificate) -> bool {
    use CertificateKind::{CertificateAuthority, ClientLicensor, ServerLicensor};
    one.principal.key.is_some()
        && one.principal.key == other.issuer.key
        && matches!(one.kind, CertificateAuthority | ClientLicensor | ServerLicensor)
}

/// Returns whether the right to issue included the time of issue. Missing bounds do not restrict
/// it.
fn is_in_time(parent: &Certificate, child: &Certificate) -> bool {
    let (from, until) = parent.may_issue;
    let fits = |issued: Timestamp| {
        from.is_none_or(|from| from <= issued) && until.is_none_or(|until| issued < until)
    };
    child.issued.map_or(from.or(until).is_none(), fits)
}

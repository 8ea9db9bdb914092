//! The certificates of a license as a tree: whoever vouches for others stands above them.

use rmsight::{Certificate, CertificateKind, Timestamp};

/// Steps by which a branch is set in; deeper ones stay there.
const DEEPEST: usize = 24;

/// One certificate in the tree.
#[derive(Debug)]
pub(super) struct ChainNode<'c> {
    /// From 1, in the order in which they stand in the license.
    pub(super) number: usize,
    pub(super) certificate: &'c Certificate,
    /// Who vouches for it, by number.
    pub(super) by: Option<usize>,
    pub(super) link: IssuerLink,
    /// How far it is set in.
    pub(super) depth: usize,
}

/// What a certificate has to do with the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IssuerLink {
    /// Its issuer's key is certified there, and in time.
    Good,
    /// Its issuer's key is certified there, but not for the time at which it was issued.
    OutOfTime,
    /// No certificate in the file is of its issuer's key.
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

/// All certificates, the highest first, those of whom each vouches below it.
pub(super) fn tree(certificates: &[Certificate]) -> Vec<ChainNode<'_>> {
    let above: Vec<Option<(usize, IssuerLink)>> =
        (0..certificates.len()).map(|at| above(at, certificates)).collect();
    let mut order = Vec::with_capacity(certificates.len());
    let mut seen = vec![false; certificates.len()];
    let tops = (0..certificates.len()).filter(|at| above[*at].is_none());
    // Those that vouch for each other in a circle have nobody above them.
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

/// Who vouches for a certificate: the first whose time fits, else the first.
fn above(at: usize, certificates: &[Certificate]) -> Option<(usize, IssuerLink)> {
    let child = &certificates[at];
    let all = || {
        let others = certificates.iter().enumerate().filter(move |(other, _)| *other != at);
        others.filter(|(_, parent)| vouches(parent, child))
    };
    let in_time = all().find(|(_, parent)| is_in_time(parent, child));
    match in_time {
        Some((parent, _)) => Some((parent, IssuerLink::Good)),
        None => all().next().map(|(parent, _)| (parent, IssuerLink::OutOfTime)),
    }
}

/// Whether the principal of one is the issuer of the other, and one that issues.
fn vouches(one: &Certificate, other: &Certificate) -> bool {
    use CertificateKind::{CertificateAuthority, ClientLicensor, ServerLicensor};
    one.principal.key.is_some()
        && one.principal.key == other.issuer.key
        && matches!(one.kind, CertificateAuthority | ClientLicensor | ServerLicensor)
}

/// From the beginning of the right on, and before its end; what is not said has none.
fn is_in_time(parent: &Certificate, child: &Certificate) -> bool {
    let (from, until) = parent.may_issue;
    let fits = |issued: Timestamp| {
        from.is_none_or(|from| from <= issued) && until.is_none_or(|until| issued < until)
    };
    child.issued.map_or(from.or(until).is_none(), fits)
}

//! Dependencies that a scan of files cannot find, by the kind of the authority.

use rmsight::AuthorityKind;

/// A dependency and a way to find it.
#[derive(Debug)]
pub(super) struct BlindSpot {
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    pub(super) check: &'static str,
}

/// Returns the list for a kind of authority.
pub(super) fn of(kind: AuthorityKind) -> Vec<BlindSpot> {
    let all = match kind {
        AuthorityKind::AzureRms => TENANT,
        _ => CLUSTER,
    };
    all.iter().map(|(name, why, check)| BlindSpot { name, why, check }).collect()
}

const CLUSTER: &[(&str, &str, &str)] = &[
    (
        "SharePoint libraries",
        "Documents in a library with rights management lie in the database as plain files; they are \
         protected when somebody downloads them.",
        "On each SharePoint farm: `Get-SPWebApplication | Get-SPSite -Limit All | Get-SPWeb -Limit \
         All` and look at `IrmEnabled` of each list; in Central Administration, Security, \
         Information Rights Management, see which server it uses.",
    ),
    (
        "Exchange: journals, transport rules, mailboxes",
        "Transport rules and journal decryption ask the cluster for licenses, and mailboxes hold \
         protected mail that no file scan reads.",
        "`Get-IRMConfiguration`, `Get-TransportRule | where ApplyRightsProtectionTemplate`, \
         `Get-RMSTemplate`; search mailboxes and archives for the attachment \
         `message.rpmsg`, or export them to PST and scan that.",
    ),
    (
        "Backups and archives",
        "What is restored next year is sealed to the key of its day.",
        "Ask how long backups are kept, and keep the key (an exported trusted publishing domain \
         with its password, or an offline copy of the cluster) for as long.",
    ),
    (
        "Files that were sent outside",
        "Partners and former employees hold documents whose licenses name your hosts.",
        "Read the cluster's logging database: who asked for licenses from outside in the last \
         twelve months, and whether trusted user domains or federation are set up.",
    ),
    (
        "Use licenses on computers",
        "A cached use license opens a document without the cluster, until it runs out: all seems \
         well, and weeks later it is not.",
        "Do not take silence after a trial switch-off for an answer. Look at the cluster's own log \
         (requests a day) for at least as long as the longest validity of a template.",
    ),
    (
        "Mobile devices and applications of your own",
        "They ask the cluster through the mobile device extension or the SDK, and keep no file on \
         a share.",
        "Look in IIS logs for `/my/v1/` and `/my/v2/` and for user agents that are not Office; ask \
         the owners of each application that has a service account in the cluster.",
    ),
    (
        "Who still publishes",
        "A client with a client licensor certificate publishes offline, without asking anybody.",
        "Take publishing away first (read-only), wait until the newest certificate has run out, \
         scan again and compare: `rmsight diff` shows what is new under an old key.",
    ),
];

const TENANT: &[(&str, &str, &str)] = &[
    (
        "SharePoint and OneDrive of the tenant",
        "Labeled documents are stored there without protection, and the tenant protects them with \
         its key at each download.",
        "`Get-SPOTenant | select EnableAIPIntegration`; move the libraries, or download them with \
         an account of this tenant and scan the result.",
    ),
    (
        "Exchange Online: mailboxes, journals, transport rules",
        "Mailboxes contain protected mail that no file scan reads. Transport rules and the \
         decryption of journal reports use the key of the tenant.",
        "`Get-IRMConfiguration`, `Get-TransportRule | where ApplyRightsProtectionTemplate`; search \
         mailboxes and archives for the attachment `message.rpmsg`, or export them to PST and scan \
         that.",
    ),
    (
        "Backups and archives",
        "Content that is restored later needs the key of its time.",
        "Find out how long backups are kept. Keep the tenant for as long, or protect the content \
         again before it goes away.",
    ),
    (
        "Files that were sent outside",
        "Partners and former employees have documents that only this tenant opens.",
        "`Get-AipServiceUserLog` downloads the usage logs: look for requests of users of other \
         organizations in the last twelve months.",
    ),
    (
        "Use licenses on computers",
        "A cached use license opens a document without the tenant until it expires, by default \
         after 30 days.",
        "`Get-AipServiceMaxUseLicenseValidityTime` prints the validity. Wait longer than that \
         after a trial before you draw a conclusion.",
    ),
    (
        "Connectors and applications of your own",
        "RMS connectors, scanners and applications with a service principal use the tenant, and \
         keep no file on a share.",
        "Look in the usage logs for service principals, and ask the owner of each application \
         that has permissions for Azure Rights Management Services.",
    ),
    (
        "Keys outside of the tenant",
        "A customer-managed key in Azure Key Vault closes all content at the moment at which it is \
         deleted or its permissions are removed. Double key encryption needs its key service too.",
        "`Get-AipServiceKeys` lists the keys of the tenant, `Get-AzKeyVaultKey` those in a vault. \
         Keep them, with purge protection, until no file needs them.",
    ),
    (
        "Who still publishes",
        "Label policies of the tenant still protect new content with its key.",
        "End them first (`Get-LabelPolicy`, `Set-AipServiceOnboardingControlPolicy`), scan again \
         and compare: `rmsight diff` shows what is new under an old key.",
    ),
];

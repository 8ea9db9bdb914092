//! Dependencies that a scan of files cannot find, by the kind of the authority.

use rmsight::AuthorityKind;

use super::ManualCheck;

/// Returns the checks for a kind of authority.
pub(crate) fn of_kind(kind: AuthorityKind) -> &'static [ManualCheck] {
    match kind {
        AuthorityKind::AzureRms => TENANT,
        _ => CLUSTER,
    }
}

const CLUSTER: &[ManualCheck] = &[
    ManualCheck {
        id: "cluster-sharepoint",
        name: "SharePoint libraries",
        why: "Documents in a library with rights management are stored without protection; \
              a download protects them.",
        check: "On each SharePoint farm: `Get-SPWebApplication | Get-SPSite -Limit All | \
                Get-SPWeb -Limit All` and look at `IrmEnabled` of each list; in Central \
                Administration, Security, Information Rights Management, see which server it \
                uses.",
    },
    ManualCheck {
        id: "cluster-exchange",
        name: "Exchange: journals, transport rules, mailboxes",
        why: "Transport rules and journal decryption ask the cluster for licenses, and mailboxes \
              hold protected mail that no file scan reads.",
        check: "`Get-IRMConfiguration`, `Get-TransportRule | where \
                ApplyRightsProtectionTemplate`, `Get-RMSTemplate`; search mailboxes and archives \
                for the attachment `message.rpmsg`, or export them to PST and scan that.",
    },
    ManualCheck {
        id: "cluster-backups",
        name: "Backups and archives",
        why: "What is restored next year is sealed to the key of its day.",
        check: "Ask how long backups are kept, and keep the key (an exported trusted publishing \
                domain with its password, or an offline copy of the cluster) for as long.",
    },
    ManualCheck {
        id: "cluster-outside",
        name: "Files that were sent outside",
        why: "Partners and former employees hold documents whose licenses name your hosts.",
        check: "Read the cluster's logging database: who asked for licenses from outside in the \
                last twelve months, and whether trusted user domains or federation are set up.",
    },
    ManualCheck {
        id: "cluster-use-licenses",
        name: "Use licenses on computers",
        why: "A cached use license opens a document without the cluster, until it runs out: all \
              seems well, and weeks later it is not.",
        check: "Do not take silence after a trial switch-off for an answer. Look at the \
                cluster's own log (requests a day) for at least as long as the longest validity \
                of a template.",
    },
    ManualCheck {
        id: "cluster-devices",
        name: "Mobile devices and applications of your own",
        why: "They ask the cluster through the mobile device extension or the SDK, and keep no \
              file on a share.",
        check: "Look in IIS logs for `/my/v1/` and `/my/v2/` and for user agents that are not \
                Office; ask the owners of each application that has a service account in the \
                cluster.",
    },
    ManualCheck {
        id: "cluster-publishers",
        name: "Who still publishes",
        why: "A client with a client licensor certificate publishes offline, without a request to a server.",
        check: "Take publishing away first (read-only), wait until the newest certificate has \
                run out, scan again and compare: `rmsight diff` shows what is new under an old \
                key.",
    },
];

const TENANT: &[ManualCheck] = &[
    ManualCheck {
        id: "tenant-sharepoint",
        name: "SharePoint and OneDrive of the tenant",
        why: "Labeled documents are stored there without protection, and the tenant protects \
              them with its key at each download.",
        check: "`Get-SPOTenant | select EnableAIPIntegration`; move the libraries, or download \
                them with an account of this tenant and scan the result.",
    },
    ManualCheck {
        id: "tenant-exchange",
        name: "Exchange Online: mailboxes, journals, transport rules",
        why: "Mailboxes contain protected mail that no file scan reads. Transport rules and the \
              decryption of journal reports use the key of the tenant.",
        check: "`Get-IRMConfiguration`, `Get-TransportRule | where \
                ApplyRightsProtectionTemplate`; search mailboxes and archives for the attachment \
                `message.rpmsg`, or export them to PST and scan that.",
    },
    ManualCheck {
        id: "tenant-backups",
        name: "Backups and archives",
        why: "Content that is restored later needs the key of its time.",
        check: "Find out how long backups are kept. Keep the tenant for as long, or protect the \
                content again before it goes away.",
    },
    ManualCheck {
        id: "tenant-outside",
        name: "Files that were sent outside",
        why: "Partners and former employees have documents that only this tenant opens.",
        check: "`Get-AipServiceUserLog` downloads the usage logs: look for requests of users of \
                other organizations in the last twelve months.",
    },
    ManualCheck {
        id: "tenant-use-licenses",
        name: "Use licenses on computers",
        why: "A cached use license opens a document without the tenant until it expires, by \
              default after 30 days.",
        check: "`Get-AipServiceMaxUseLicenseValidityTime` prints the validity. Wait longer than \
                that after a trial before you draw a conclusion.",
    },
    ManualCheck {
        id: "tenant-applications",
        name: "Connectors and applications of your own",
        why: "RMS connectors, scanners and applications with a service principal use the tenant, \
              and keep no file on a share.",
        check: "Look in the usage logs for service principals, and ask the owner of each \
                application that has permissions for Azure Rights Management Services.",
    },
    ManualCheck {
        id: "tenant-outer-keys",
        name: "Keys outside of the tenant",
        why: "A customer-managed key in Azure Key Vault closes all content at the moment at \
              which it is deleted or its permissions are removed. Double key encryption needs \
              its key service too.",
        check: "`Get-AipServiceKeys` lists the keys of the tenant, `Get-AzKeyVaultKey` those in \
                a vault. Keep them, with purge protection, until no file needs them.",
    },
    ManualCheck {
        id: "tenant-publishers",
        name: "Who still publishes",
        why: "Label policies of the tenant still protect new content with its key.",
        check: "End them first (`Get-LabelPolicy`, `Set-AipServiceOnboardingControlPolicy`), \
                scan again and compare: `rmsight diff` shows what is new under an old key.",
    },
];

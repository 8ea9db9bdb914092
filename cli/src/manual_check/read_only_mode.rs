//! The read-only mode of an AD RMS cluster: what has to be true, and how to check it.
//!
//! In this mode clients open what the cluster protected, and cannot protect anything new with its key:
//! `Publish.asmx`, which issues Client Licensor Certificates, is denied. Microsoft describes it in "An
//! update is available for Office to support migrations from AD RMS to Azure RMS".

use super::ManualCheck;

/// Returns the checks of the mode, in the order in which they are made. They are for each key.
pub(crate) fn read_only_checks() -> &'static [ManualCheck] {
    CHECKS
}

const CHECKS: &[ManualCheck] = &[
    ManualCheck {
        id: "read-only-client-builds",
        name: "Every client supports the mode",
        why: "Older clients cannot work with the cluster once Publish.asmx is denied. The first builds that \
              can: Office 2013 15.0.4849.1000, Office 2016 (MSI) 16.0.4496.1000, Office 2016 Click-to-Run \
              16.0.7407.1000; other applications need an MSIPC client (SDK 2.1) of that time.",
        check: "On clients, or in the software inventory: `(Get-ItemProperty \
                HKLM:\\SOFTWARE\\Microsoft\\Office\\ClickToRun\\Configuration).VersionToReport`; for MSI the \
                file version of WINWORD.EXE.",
    },
    ManualCheck {
        id: "read-only-denial",
        name: "Publish.asmx is denied on every node",
        why: "A node without the denial goes on issuing certificates for offline publishing. Each node has \
              its own file, and the site need not be the default one.",
        check: "On each node, in the folder `_wmcs\\licensing` of the site of the cluster: `icacls \
                Publish.asmx` has to show a denial (DENY) of Full Control for the group that must not protect, \
                or for Everyone. Then open `https://NODE/_wmcs/licensing/Publish.asmx` at each node by its \
                own name: it has to be refused.",
    },
    ManualCheck {
        id: "read-only-anonymous",
        name: "Anonymous access to Publish.asmx is off",
        why: "The denial is for Windows accounts, so that only Windows authentication may be on. This ends the \
              collaboration with other organizations by trusted user domains: they have to know before.",
        check: "On each node in IIS Manager: `_wmcs`, `licensing`, `Publish.asmx`, Authentication: Anonymous \
                Authentication is disabled, Windows Authentication is enabled. In the AD RMS console, Trust \
                Policies, Trusted User Domains lists the partners.",
    },
    ManualCheck {
        id: "read-only-service-connection-point",
        name: "The service connection point does not lead clients to the cluster",
        why: "Clients that find the cluster in Active Directory ask it for certificates. It is removed when the \
              cluster is taken down step by step.",
        check: "`Get-ADObject -Filter * -SearchBase (\"CN=RightsManagementServices,CN=Services,\" + \
                (Get-ADRootDSE).configurationNamingContext) -Properties serviceBindingInformation` shows where it \
                leads. The AD RMS console removes it: properties of the cluster, tab SCP.",
    },
    ManualCheck {
        id: "read-only-test-cluster-client",
        name: "Test, step 1: a client that is set up for neither service",
        why: "It shows that reading still works and that publishing does not.",
        check: "With a new profile on such a client, open a document that the cluster protected: it has to open. \
                Then protect a new document: it has to fail.",
    },
    ManualCheck {
        id: "read-only-test-azure-client",
        name: "Test, step 2: a client that is set up for Azure RMS",
        why: "It shows that users can go on working.",
        check: "Open a document that the cluster protected: it has to open. Protect a new document: `rmsight \
                inspect FILE` has to show a key of Azure.",
    },
];

//! Sensitivity labels of Outlook items.

use rmsight::Inspector;
use rmsight_specimen::{Attachment, Label, Msg, mail_header};

const ID: &str = "8f6e4d2c-1b3a-4958-8776-a5b4c3d2e1f0";
const TENANT: &str = "2f4b8c11-5a6d-4e7f-9081-a2b3c4d5e6f7";

/// Outlook stores the label header of a received message as a named property.
#[test]
fn outlook_item_has_the_label_of_its_header() {
    let header = mail_header(&[Label::new(ID, TENANT)]).replace("\r\n", "");
    let value = header.strip_prefix("msip_labels: ").unwrap();
    let text = Attachment::new("a.txt", b"Nothing is protected here.".to_vec());
    let inner = Msg::new().attachment(text.clone());
    let labelled = Msg::new().attachment(text).embedded(inner).labels(value);
    let found = |item: &Msg, wanted| {
        let report = Inspector::builder().labels(wanted).build().inspect_bytes(&item.build());
        assert_eq!(report.incomplete(), None);
        let facts = report.findings().next().unwrap().facts().clone();
        (facts.label_id, facts.label_tenant)
    };
    let label = (Some(ID.to_owned()), Some(TENANT.to_owned()));
    assert_eq!(found(&labelled, true), label);
    assert_eq!(found(&labelled, false), (None, None));
    assert_eq!(found(&Msg::new().embedded(labelled), true), (None, None));
}

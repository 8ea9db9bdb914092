//! Hosts of addresses, and their classes.

use super::super::inputs::HostClass;
use super::*;
use crate::authority::host::AddressHost;

#[test]
fn domains_match_on_label_boundaries() {
    let cases = [
        (AZ, HostClass::Azure),
        ("https://x.rms.aadrm.us/_wmcs", HostClass::Azure),
        ("https://x.rms.aadrm.cn/_wmcs", HostClass::Azure),
        ("https://x.aadrm.de", HostClass::Azure),
        ("HTTPS://X.RMS.NA.AADRM.COM:443/_wmcs", HostClass::Azure),
        ("https://x.rms.na.aadrm.com./_wmcs", HostClass::Azure),
        ("https://user:secret@x.rms.na.aadrm.com/_wmcs", HostClass::Azure),
        ("  https://x.rms.na.aadrm.com/_wmcs/licensing\r\n", HostClass::Azure),
        ("https://x.rms.na.aadrm.com/with blank\r\nand b\u{e4}ckslash\\", HostClass::Azure),
        // Look-alikes: the name is elsewhere than at the end of the host.
        ("https://aadrm.com.contoso.com/_wmcs", HostClass::Org),
        ("https://xaadrm.com/_wmcs", HostClass::Org),
        ("https://x.aadrm.org/_wmcs", HostClass::Org),
        ("https://rms.contoso.com/aadrm.com/_wmcs", HostClass::Org),
        ("https://rms.contoso.com?x=.aadrm.com", HostClass::Org),
        ("https://rms.contoso.com#.aadrm.com", HostClass::Org),
        ("https://x.rms.na.aadrm.com@contoso.com/_wmcs", HostClass::Org),
        ("https://x.rms.na.aadrm.com:443@contoso.com/_wmcs", HostClass::Org),
        ("https://\u{430}adrm.com/_wmcs", HostClass::Org),
        ("https://x.\u{ff41}adrm.com/_wmcs", HostClass::Org),
        ("https://xn--drm-5cd.com/_wmcs", HostClass::Org),
        // Hosts of organizations.
        ("HTTP://rms:80/_wmcs", HostClass::Org),
        ("http://ed-drm-red3/_wmcs/licensing", HostClass::Org),
        ("https://google.com", HostClass::Org),
        ("https://rms_01.contoso.local:/_wmcs", HostClass::Org),
        ("https://r\u{e4}chte.example/_wmcs", HostClass::Org),
        ("http://192.0.2.7/_wmcs", HostClass::Org),
        ("http://[2001:db8::1]:80/_wmcs", HostClass::Org),
        (LEGACY, HostClass::Legacy),
        ("https://activation.isv.drm.microsoft.com/x", HostClass::Legacy),
        ("https://drm.microsoft.com/licensing", HostClass::Org),
        ("https://xdrm.microsoft.com/licensing", HostClass::Org),
        (OTHER, HostClass::Other),
        ("", HostClass::Absent),
        (" \r\n", HostClass::Absent),
        // Unclear hosts, and those that clients interpret in different ways.
        ("invalid", HostClass::Bad),
        ("x.rms.na.aadrm.com/_wmcs", HostClass::Bad),
        ("//x.rms.na.aadrm.com/_wmcs", HostClass::Bad),
        ("mailto:somebody@x.aadrm.com", HostClass::Bad),
        ("ftp://x.aadrm.com/", HostClass::Bad),
        ("https:x.aadrm.com", HostClass::Bad),
        ("https:///x.aadrm.com", HostClass::Bad),
        ("https://contoso.com\\@x.aadrm.com/", HostClass::Bad),
        ("https:\\\\x.aadrm.com\\_wmcs", HostClass::Bad),
        ("https://x .aadrm.com/", HostClass::Bad),
        ("https://x.\r\naadrm.com/", HostClass::Bad),
        ("https://x.%61adrm.com/", HostClass::Bad),
        ("https://x.aadrm.com..", HostClass::Bad),
        ("https://x..aadrm.com", HostClass::Bad),
        ("https://x,y.aadrm.com", HostClass::Bad),
        ("https://x.aadrm.com:https/", HostClass::Bad),
        ("https://[x.aadrm.com]/", HostClass::Bad),
        ("https://./", HostClass::Bad),
    ];
    for (address, expected) in cases {
        assert_eq!(HostClass::of(Some(address)), expected, "{address:?}");
    }
    assert_eq!(HostClass::of(None), HostClass::Absent);
}

#[test]
fn host_is_lower_case_without_port_and_user() {
    let cases = [
        ("HTTP://RMS:80/_wmcs", "rms"),
        ("https://user@Rms.Contoso.COM.:8443/", "rms.contoso.com"),
        ("https://R\u{c4}CHTE.example/", "r\u{e4}chte.example"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]"),
    ];
    for (address, expected) in cases {
        assert_eq!(
            AddressHost::of(Some(address)),
            AddressHost::Known(expected.into()),
            "{address}"
        );
    }
}

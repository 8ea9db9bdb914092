use std::sync::atomic::Ordering;

use rmsight_store::{Address, ListedObject};

use crate::fake::Fake;
use crate::stores;

fn listed(fake: &Fake, root: &str) -> Vec<ListedObject> {
    let root = Address::parse(root).unwrap().unwrap().into_root();
    stores(fake).list(&root).flat_map(Result::unwrap).collect()
}

#[test]
fn every_key_of_every_page_is_listed_once() {
    let fake = Fake::start();
    fake.state.page.store(3, Ordering::Relaxed);
    let keys = ["a//b", "a/.", "a/b c.docx", "a/dir/", "a/Größe.docx", "a/%41", "a/x/y", "ab"];
    for key in keys {
        fake.put(key, if key.ends_with('/') { Vec::new() } else { vec![1; 5] });
    }
    for (root, scheme) in [("az://acct/box/a", "az://acct/box/"), ("s3://box/a/", "s3://box/")] {
        let mut names: Vec<String> = listed(&fake, root).into_iter().map(|it| it.name).collect();
        names.sort_unstable();
        let mut expected: Vec<String> =
            ["a/%2541", "a/%2E", "a/%2Fb", "a/Größe.docx", "a/b c.docx", "a/dir%2F", "a/x/y"]
                .map(|key| format!("{scheme}{key}"))
                .to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "{root}");
        let folders = listed(&fake, root).into_iter().filter(|object| object.is_folder);
        assert_eq!(folders.count(), 1);
    }
    assert_eq!(fake.state.listings.load(Ordering::Relaxed), 12);
}

#[test]
fn archive_tier_and_tags_come_from_the_listing() {
    let fake = Fake::start();
    for (key, tier) in [("hot", "Hot"), ("cold", "Archive"), ("deep", "DEEP_ARCHIVE")] {
        fake.put(key, vec![1; 5]);
        fake.state.tiers.lock().unwrap().insert(key.to_owned(), tier.to_owned());
    }
    for root in ["az://acct/box", "s3://box"] {
        for object in listed(&fake, root) {
            assert_eq!(object.is_archived(), object.tier.as_deref() != Some("Hot"), "{object:?}");
            assert_eq!(object.etag.as_deref(), Some("0"));
            assert_eq!(object.modified.unwrap().seconds, 1_464_604_740);
        }
    }
    assert!(fake.gets().is_empty());
}

#[test]
fn address_of_one_object_lists_it() {
    let fake = Fake::start();
    fake.put("a/b.docx", vec![1; 5]);
    fake.put("a/empty", Vec::new());
    for (root, size) in [("az://acct/box/a/b.docx", 5), ("az://acct/box/a/empty", 0)] {
        let objects = listed(&fake, root);
        assert_eq!(objects.len(), 1, "{root}");
        assert_eq!(objects[0].name, root);
        assert_eq!(objects[0].size, Some(size));
    }
    assert!(listed(&fake, "az://acct/box/a/c").is_empty());
}

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

fn rows(file: &Path, account: Option<&str>) -> Vec<Option<ListedObject>> {
    let listing = Listing::open(file, None, account.map(str::to_owned)).unwrap();
    listing.rows().unwrap().collect::<Result<_, _>>().unwrap()
}

fn written(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn rows_of_ndjson_and_csv_are_the_same_objects() {
    let folder = TempDir::new().unwrap();
    let ndjson = written(
        &folder,
        "a",
        "{\"path\":\"az://acct/box/a.docx\",\"size\":7,\"etag\":\"\\\"e1\\\"\",\"tier\":\"Cool\",\
         \"modified\":\"2016-05-30T10:39:00Z\",\"other\":[1]}\n\n\
         {\"size\":8,\"url\":\"https://h.example/b.docx?sig=geheim\",\"path\":\"/hr/b.docx\"}\n",
    );
    let csv = written(
        &folder,
        "b",
        "\u{feff}Size,Other,Modified,Path,URL,ETag,Tier\r\n\
         7,x,2016-05-30T10:39:00Z,az://acct/box/a.docx,,e1,Cool\r\n\
         8,x,,/hr/b.docx,https://h.example/b.docx?sig=geheim,,\r\n",
    );
    let objects = rows(&ndjson, None);
    assert_eq!(objects, rows(&csv, None));
    let [Some(one), Some(two)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((one.name.as_str(), one.size), ("az://acct/box/a.docx", Some(7)));
    assert_eq!((one.etag.as_deref(), one.tier.as_deref()), (Some("e1"), Some("Cool")));
    assert_eq!(one.modified.unwrap().seconds, 1_464_604_740);
    assert_eq!(two.name, "/hr/b.docx");
    assert!(two.is_web());
    assert!(!format!("{two:?}").contains("geheim"), "{two:?}");
}

#[test]
fn azure_blob_inventory_names_container_and_key() {
    let folder = TempDir::new().unwrap();
    let file = written(
        &folder,
        "inventory.csv",
        "Name,Creation-Time,Last-Modified,Etag,Content-Length,AccessTier,Snapshot,Deleted\n\
         box/a/b.docx,2016-05-30T10:38:00Z,2016-05-30T10:39:00Z,0x8D,9,Archive,,\n\
         box/a/b.docx,2016-05-30T10:38:00Z,2016-05-30T10:39:00Z,0x8C,9,Hot,2016-05-30,\n\
         box/gone.docx,2016-05-30T10:38:00Z,2016-05-30T10:39:00Z,0x8C,9,Hot,,true\n",
    );
    let objects = rows(&file, Some("acct"));
    let [Some(one), None, None] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(one.name, "az://acct/box/a/b.docx");
    assert!(one.is_archived());
    let listing = Listing::open(&file, None, None).unwrap();
    let error = listing.rows().unwrap().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("row 1"), "{error}");
}

#[test]
fn s3_inventory_has_its_columns_in_the_manifest_and_encoded_keys() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("data")).unwrap();
    fs::create_dir_all(folder.path().join("2016")).unwrap();
    let manifest = written(
        &folder,
        "2016/manifest.json",
        "{\n \"sourceBucket\": \"bucket\", \"fileFormat\": \"CSV\",\n \"fileSchema\": \
         \"Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass\",\n\
         \"files\": [{\"key\": \"inv/bucket/conf/data/u.csv.gz\", \"size\": 1}]}",
    );
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(
        b"\"bucket\",\"a+b/100%25.docx\",\"v1\",\"true\",\"false\",\"5\",\"2016-05-30T10:39:00.000Z\",\"9b\",\"GLACIER\"\n\
          \"bucket\",\"old\",\"v0\",\"false\",\"false\",\"5\",\"2016-05-30T10:39:00.000Z\",\"9b\",\"STANDARD\"\n\
          \"bucket\",\"folder/\",\"v0\",\"true\",\"false\",\"0\",\"2016-05-30T10:39:00.000Z\",\"9b\",\"STANDARD\"\n",
    )
    .unwrap();
    fs::write(folder.path().join("data/u.csv.gz"), gzip.finish().unwrap()).unwrap();
    let objects = rows(&manifest, None);
    let [Some(one), None, Some(marker)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(one.name, "s3://bucket/a b/100%25.docx");
    assert_eq!((one.size, one.version_id.as_deref()), (Some(5), Some("v1")));
    assert!(one.is_archived() && marker.is_folder);
}

#[test]
fn row_that_is_not_valid_is_named_without_its_text() {
    let folder = TempDir::new().unwrap();
    for text in [
        "url,size\nhttps://h/a?sig=geheim,many\n",
        "url,path\nhttps://?sig=geheim,a\n",
        "path,size\ngeheim,1\n",
        "path,url\ngeheim/,https://h/a\n",
        "{\"path\":\"a\",\"url\":\"geheim\"}\n",
        "{\"path\":\"az://geheim\"}\n",
    ] {
        let file = written(&folder, "listing", text);
        let listing = Listing::open(&file, None, None).unwrap();
        let error = listing.rows().unwrap().next().unwrap().unwrap_err().to_string();
        assert!(error.contains("row 1") && !error.contains("geheim"), "{text}: {error}");
    }
    for text in ["", "a,b\n1,2\n", "{\"a\":1}"] {
        let file = written(&folder, "listing", text);
        assert!(Listing::open(&file, None, None).unwrap().rows().is_err(), "{text}");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_of_azure_blob_inventory_has_the_same_objects() {
    use std::sync::Arc;

    use ::parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    let folder = TempDir::new().unwrap();
    let schema = "message inventory {
        REQUIRED BYTE_ARRAY Name (UTF8);
        REQUIRED INT64 Content-Length;
        REQUIRED INT64 Last-Modified (TIMESTAMP_MILLIS);
        OPTIONAL BYTE_ARRAY AccessTier (UTF8);
    }";
    let file = folder.path().join("inventory.parquet");
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::new());
    let output = File::create(&file).unwrap();
    let mut writer = SerializedFileWriter::new(output, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts =
        |texts: &[&str]| texts.iter().map(|text| ByteArray::from(*text)).collect::<Vec<_>>();
    type ColumnCells<'a> = (Vec<ByteArray>, Vec<i64>, Option<&'a [i16]>);
    let columns: [ColumnCells<'_>; 4] = [
        (texts(&["box/a.docx", "box/b.docx"]), vec![], None),
        (vec![], vec![7, 8], None),
        (vec![], vec![1_464_604_740_000; 2], None),
        (texts(&["Archive"]), vec![], Some(&[1, 0])),
    ];
    for (texts, numbers, levels) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        match texts.is_empty() {
            true => column.typed::<Int64Type>().write_batch(&numbers, levels, None).unwrap(),
            false => column.typed::<ByteArrayType>().write_batch(&texts, levels, None).unwrap(),
        };
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let objects = rows(&file, Some("acct"));
    let [Some(one), Some(two)] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((one.name.as_str(), one.size), ("az://acct/box/a.docx", Some(7)));
    assert_eq!(one.modified.unwrap().seconds, 1_464_604_740);
    assert_eq!((one.is_archived(), two.is_archived(), two.size), (true, false, Some(8)));
}

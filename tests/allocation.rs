//! Upper limits for the peak of the memory of an inspection, measured at the allocator.
//!
//! This binary has a single test, because another test would allocate at the same time.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::as_conversions)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::System;
use std::path::{Path, PathBuf};

use peakmem_alloc::{PeakMemAlloc, PeakMemAllocTrait};
use rmsight::{Inspector, Limits};
use rmsight_specimen::{LicenseBuilder, PdfForm, PdfIrm, Server};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static PEAK: PeakMemAlloc<&StatsAlloc<System>> = PeakMemAlloc::new(&INSTRUMENTED_SYSTEM);

const MIB: usize = 1 << 20;

/// Returns the peak and the sum of the allocated bytes of one inspection with a new inspector.
fn measure(bytes: &[u8], limits: Limits) -> (usize, usize) {
    PEAK.reset_peak_memory();
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    let report = Inspector::builder()
        .limits(limits)
        .labels(true)
        .keep_licenses(false)
        .build()
        .inspect_bytes(bytes);
    let peak = PEAK.get_peak_memory();
    drop(report);
    (peak, region.change().bytes_allocated)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Builds a compound file of 4 MB whose DIFAT lists the same FAT sector a million times. A reader
/// that loads the whole FAT allocates 514 MB.
fn repeated_fat_sector() -> Vec<u8> {
    const SECTORS: u32 = 8192;
    let mut file = vec![0; 512 * (SECTORS as usize + 1)];
    let mut put = |at: usize, value: u32| file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    // Header, MS-CFB 2.2.
    put(0, 0xE011_CFD0);
    put(4, 0xE11A_B1A1);
    put(24, 0x0003_003E);
    put(28, 0x0009_FFFE);
    put(32, 6);
    put(44, 109 + (SECTORS - 2) * 127);
    put(48, 1);
    put(56, 4096);
    put(60, 0xFFFF_FFFE);
    put(68, 2);
    put(72, SECTORS - 2);
    // Sector 0 is the FAT, sector 1 the directory. All others are the DIFAT, whose entries are 0.
    for entry in 0..128 {
        put(512 + 4 * entry, if entry == 1 { 0xFFFF_FFFE } else { 5 });
    }
    for sector in 2..SECTORS {
        let next = if sector + 1 == SECTORS { 0xFFFF_FFFE } else { sector + 1 };
        put(512 * (sector as usize + 2) - 4, next);
    }
    // The root, and its child, a stream whose chain needs the FAT.
    for (entry, name, kind, child, start, size) in
        [(0, "Root Entry", 5, 1, 0xFFFF_FFFE_u32, 0), (1, "EncryptedPackage", 2, !0, 130, 3 << 20)]
    {
        let at = 1024 + 128 * entry;
        for (n, unit) in name.encode_utf16().enumerate() {
            file[at + 2 * n..at + 2 * n + 2].copy_from_slice(&unit.to_le_bytes());
        }
        file[at + 64] = 2 * (name.len() as u8 + 1);
        file[at + 66] = kind;
        file[at + 68..at + 76].fill(0xFF);
        file[at + 76..at + 80].copy_from_slice(&(child as u32).to_le_bytes());
        file[at + 116..at + 120].copy_from_slice(&start.to_le_bytes());
        file[at + 120..at + 124].copy_from_slice(&(size as u32).to_le_bytes());
    }
    for entry in [2, 3] {
        let at = 1024 + 128 * entry;
        file[at + 68..at + 80].fill(0xFF);
    }
    file
}

#[test]
fn memory_stays_within_the_limits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files = Vec::new();
    below(&root, &mut files);
    let ours = files.len();
    if let Some(folder) = std::env::var_os("RMSIGHT_SPECIMENS") {
        for name in ["hostile", "lookalikes", "protected", "licenses"] {
            below(&Path::new(&folder).join(name), &mut files);
        }
    }
    assert!(ours > 100);
    let mut highest = (0, PathBuf::new());
    let mut most = (0, PathBuf::new());
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let (peak, total) = measure(&bytes, Limits::default());
        assert!(peak < 64 * MIB, "{}: {peak}", path.display());
        highest = highest.max((peak, path.clone()));
        most = most.max((total, path.clone()));
        // The limits are 256 KiB each. Growing vectors and buffers of fixed size add to them.
        let mut limits = Limits::default();
        limits.allocation = MIB as u64 / 4;
        limits.spool = MIB as u64 / 4;
        limits.license_bytes = MIB as u64 / 4;
        let (peak, _) = measure(&bytes, limits);
        assert!(peak < 4 * MIB, "{}: {peak} with limits of 256 KiB", path.display());
    }
    println!("{} files", files.len());
    println!("highest peak {} KiB: {}", highest.0 >> 10, highest.1.display());
    println!("most in total {} KiB: {}", most.0 >> 10, most.1.display());

    // The peak for a compressed payload must not depend on its length.
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let payload = PdfIrm::new(PdfForm::V2Wrapped, license).flate(true).content(12 * MIB).build();
    let (peak, total) = measure(&payload, Limits::default());
    println!("compressed payload: peak {} KiB, in total {} KiB", peak >> 10, total >> 10);
    assert!(peak < 2 * MIB, "{peak}");
    drop(payload);

    let crafted = repeated_fat_sector();
    let (peak, total) = measure(&crafted, Limits::default());
    println!("repeated FAT sector: peak {} KiB, in total {} KiB", peak >> 10, total >> 10);
    assert!(peak < 2 * MIB, "{peak}");
}

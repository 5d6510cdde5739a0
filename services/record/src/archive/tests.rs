use std::fs;
use std::path::{Path, PathBuf};

use async_nats::HeaderMap;
use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::envelope;

/// A folder of this test alone.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ml-archive-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder); // What a failed run left.
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn entry(sequence: u64, body: &[u8]) -> Archived {
    let mut headers = HeaderMap::new();
    envelope::set(&mut headers, envelope::LANE, "42");
    envelope::set(&mut headers, "Nats-Msg-Id", &format!("id-{sequence}"));
    let time = Timestamp::from_nanosecond(1_800_000_000_123_456_789 + i128::from(sequence)).unwrap();
    let new = Archived::new(
        Mark { sequence, time },
        "change.main.commerce.order.42",
        &headers,
        &Bytes::copy_from_slice(body),
    );
    Archived { order: "42".to_owned(), ..new }
}

fn entries() -> Vec<Archived> {
    vec![entry(3, b"{\"a\":1}\n"), entry(4, b""), entry(9, &[0, 159, 146, 150]), entry(17, "Bø".as_bytes())]
}

/// A complete run with these entries.
fn write(to: &Path) -> Run {
    let moment: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let mut manifest = Manifest::new("main", moment, moment);
    let part = Run::begin(to, &manifest).unwrap();
    let mut out = Out::create(&part, CHANGES).unwrap();
    entries().iter().for_each(|entry| out.add(entry).unwrap());
    manifest.files.push(out.finish().unwrap());
    Run::complete(to, &part, manifest).unwrap()
}

#[test]
fn what_was_written_is_read_as_it_was_stored() {
    let to = folder("round");
    let mut run = write(&to);
    run.verify().unwrap();
    let file = run.manifest.files[0].clone();
    assert_eq!((file.entries, file.first.unwrap().sequence, file.last.unwrap().sequence), (4, 3, 17));
    let read: Vec<_> = run.lines(&file).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, entries());
    assert_eq!(read[2].body().unwrap().as_ref(), [0, 159, 146, 150]);
    assert_eq!(envelope::header(&read[0].header_map(), envelope::LANE), Some("42"));
    assert_eq!(runs(&to).unwrap(), [run.clone()]);
    let purged = Purged { at: run.manifest.made, entries: 4, millis: 10 };
    run.finish(purged).unwrap();
    assert_eq!(runs(&to).unwrap()[0].purged, Some(purged));
    fs::remove_dir_all(to).unwrap();
}

#[test]
fn an_interrupted_run_is_none_and_is_begun_anew() {
    let to = folder("part");
    let moment: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let part = Run::begin(&to, &Manifest::new("main", moment, moment)).unwrap();
    Out::create(&part, CHANGES).unwrap().add(&entry(1, b"x")).unwrap();
    assert_eq!(runs(&to).unwrap(), []);
    write(&to).verify().unwrap();
    assert_eq!(runs(&to).unwrap().len(), 1);
    fs::remove_dir_all(to).unwrap();
}

#[test]
fn every_damage_is_found() {
    let to = folder("damage");
    let run = write(&to);
    let path = run.folder.join(&run.manifest.files[0].file);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(matches!(run.verify(), Err(ArchiveError::Damaged { .. })), "a bit of byte {place}");
    }
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(run.verify().is_err(), "cut to {length}");
    }
    fs::write(&path, &whole).unwrap();
    run.verify().unwrap();
    // A manifest that says something else of a file that is as it was.
    for change in [|file: &mut File| file.entries += 1, |file: &mut File| file.content_sha256.clear()] {
        let mut other = run.clone();
        change(&mut other.manifest.files[0]);
        assert!(matches!(other.verify(), Err(ArchiveError::Damaged { .. })));
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(run.verify(), Err(ArchiveError::Io { .. })));
    fs::remove_dir_all(to).unwrap();
}

#[test]
fn a_file_that_is_cut_off_gives_no_half_entry() {
    let to = folder("cut");
    let run = write(&to);
    let path = to.join("cut.jsonl.zst");
    let text: Vec<u8> = entries().iter().flat_map(|entry| serde_json::to_vec(entry).unwrap()).collect();
    fs::write(&path, zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
    assert!(Lines::open(&path).unwrap().next().unwrap().is_err(), "no line ends");
    let other = Archived { sequence: 4, ..entry(3, b"x") };
    assert!(!other.is_same(&entry(3, b"x")) && !entry(3, b"y").is_same(&entry(3, b"x")));
    assert!(Archived { order: "7".to_owned(), ..entry(3, b"x") }.is_same(&entry(3, b"x")));
    drop(run);
    fs::remove_dir_all(to).unwrap();
}

//! Messages of every past version, decoded for ever.
//!
//! Each stands in `golden/<version>` as it was encoded, with what it says beside it. Fields are only ever added, so
//! what an old message says may gain lines and lose none; and it encodes to the same bytes again, since a field that is
//! no longer known would be dropped without a word.
//!
//! `UPDATE_GOLDEN=1 cargo test -p proto` writes the messages of a new version, and never touches a file that is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proto::{Command, CustomerData, Message, Outcome};

use crate::samples;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Every message of every version: its path without extension.
fn messages() -> BTreeSet<PathBuf> {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    inside(&folder()).iter().flat_map(|version| inside(version)).map(|file| file.with_extension("")).collect()
}

/// Decodes a message. Returns its text, and the bytes that it is encoded to again.
fn read<T: Message + Default + std::fmt::Debug>(bytes: &[u8]) -> (String, Vec<u8>) {
    let message = T::decode(bytes).unwrap();
    (format!("{message:#?}\n"), message.encode_to_vec())
}

fn read_as(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    match name.split_once('-').unwrap().0 {
        "command" => read::<Command>(bytes),
        "customer_data" => read::<CustomerData>(bytes),
        "outcome" => read::<Outcome>(bytes),
        other => panic!("{other} is no kind of message"),
    }
}

/// The first line of `before` that `now` does not hold, in the order of both.
fn lost<'a>(before: &'a str, now: &str) -> Option<&'a str> {
    let mut now = now.lines();
    before.lines().find(|line| !now.any(|other| other == *line))
}

#[test]
fn messages_of_every_version_are_read_as_they_were_written() {
    let messages = messages();
    assert!(messages.len() >= samples::all().len());
    for message in messages {
        let name = message.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(message.with_extension("bin")).unwrap();
        let text = std::fs::read_to_string(message.with_extension("txt")).unwrap();
        let (says, encoded) = read_as(name, &bytes);
        let at = message.display();
        if let Some(line) = lost(&text, &says) {
            panic!("{at} no longer says `{line}`:\n{says}");
        }
        assert_eq!(encoded, bytes, "{at} loses something on the way");
    }
}

#[test]
fn the_messages_of_this_version_are_kept() {
    let folder = folder().join(samples::VERSION);
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    if update {
        std::fs::create_dir_all(&folder).unwrap();
    }
    for (name, bytes) in samples::all() {
        let (file, text) = (folder.join(format!("{name}.bin")), folder.join(format!("{name}.txt")));
        if update && !file.exists() {
            std::fs::write(&file, &bytes).unwrap();
            std::fs::write(&text, read_as(name, &bytes).0).unwrap();
        }
        let kept = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}; see UPDATE_GOLDEN", file.display()));
        assert_eq!(kept, bytes, "{name} is encoded in another way: raise VERSION, and have it written anew");
    }
}

#[test]
fn lines_may_be_added_and_not_lost() {
    assert_eq!(lost("a\nb", "a\nnew\nb"), None);
    assert_eq!(lost("a\nb", "b\na"), Some("b"));
    assert_eq!(lost("a\nb\n", "a\n"), Some("b"));
}

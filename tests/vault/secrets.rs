//! Where a secret could be found by somebody who reads files, lists processes or gets hold of a core dump.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{PATIENCE, done, furnished, listed, without_credentials};

/// The secrets that are never sent, and the master key: they stand nowhere in clear. What is sent with every call (the
/// consumer key, the access token, a bearer token) is in the buffers that it was sent from.
fn secrets(config: &Path) -> Vec<String> {
    let company = sandbox::visma::Config::default();
    let integration = sandbox::commerce::Integration::default();
    let settings = std::fs::read_to_string(config).unwrap();
    let master = settings.split("master_key = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    vec![company.client_secret, integration.consumer_secret, integration.access_token_secret, master]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.file_name().unwrap() != "ml-connector.toml" {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

/// Bytes of a page, on every machine that the tests run on.
const PAGE: u64 = 4096;
/// The bits of an entry of `/proc/PID/pagemap` that say that the page is in memory, or in swap.
const THERE: u64 = 0b11 << 62;

/// Reads what a core dump of a process would hold: every page that it can write, and has.
fn memory(id: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let mut pages = File::open(format!("/proc/{id}/pagemap")).unwrap();
    let mut memory = File::open(format!("/proc/{id}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split_whitespace().nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        // An allocator reserves far more than it uses.
        let mut entries = Vec::new();
        pages.seek(SeekFrom::Start(start / PAGE * 8)).unwrap();
        (&mut pages).take((end - start) / PAGE * 8).read_to_end(&mut entries).unwrap();
        for (number, entry) in entries.chunks_exact(8).enumerate() {
            if u64::from_ne_bytes(entry.try_into().unwrap()) & THERE == 0 {
                continue;
            }
            let (address, before) = (start + number as u64 * PAGE, all.len());
            all.resize(before + PAGE as usize, 0);
            // A region may go away while it is read.
            let _ = memory.seek(SeekFrom::Start(address)).and_then(|_| memory.read_exact(&mut all[before..]));
        }
    }
    all
}

#[tokio::test]
async fn nothing_secret_stands_in_clear_where_others_could_read_it() {
    let mut house = furnished(without_credentials().set("LOG__LEVEL", "debug")).await;
    house.installation.start_services().unwrap();
    house.place(5, 5).await;
    house.until_booked(5, PATIENCE).await;
    let list = done(&house, &["credentials", "list"], "") + &listed(&house, "commerce").to_string();
    let secrets = secrets(&house.installation.config);

    let mut found = vec![("credentials list".to_owned(), list.into_bytes())];
    files(house.installation.folder(), &mut found);
    let streams: Vec<u8> = found.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    assert!(holds(&streams, "$KV.ML_CREDENTIALS.main.visma"), "the files cannot be read");
    for process in &house.installation.services {
        let cmdline = std::fs::read(format!("/proc/{}/cmdline", process.id())).unwrap();
        found.push((format!("{}'s command line", process.name()), cmdline));
        let memory = memory(process.id());
        assert!(holds(&memory, "$KV.ML_KEYS"), "the memory of {} cannot be read", process.name());
        found.push((format!("{}'s memory", process.name()), memory));
    }
    let mut clear = Vec::new();
    for (place, bytes) in &found {
        clear.extend(secrets.iter().filter(|secret| holds(bytes, secret)).map(|secret| format!("{secret} in {place}")));
    }
    assert!(clear.is_empty(), "{clear:#?}");
}

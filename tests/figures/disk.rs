//! Space that an order takes in each stream: as the broker counts it, and on its disk.

use std::path::Path;

use crate::house::House;

/// A block on disk that is full: its size there, and what it was before compression, as its head says.
fn compressed(file: &Path) -> Option<(u64, u64)> {
    let bytes = std::fs::read(file).ok()?;
    let head = bytes.strip_prefix(b"cmp")?.get(1..)?;
    let mut before = 0;
    for (place, byte) in head.iter().take(10).enumerate() {
        before |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((bytes.len() as u64, before));
        }
    }
    None
}

/// Prints it for so many orders.
pub(crate) async fn print(house: &House, orders: usize) {
    let jetstream = house.jetstream().await;
    let streams = house.installation.folder().join("broker/jetstream/jetstream/$G/streams");
    for name in ["HINTS", "CHANGES", "COMMANDS", "OUTCOMES", "WAITING", "DEAD"] {
        let counted = jetstream.get_stream(name).await.unwrap().cached_info().state.bytes;
        let files: Vec<_> =
            std::fs::read_dir(streams.join(name).join("msgs")).unwrap().map(|f| f.unwrap().path()).collect();
        let on_disk: u64 = files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
        let (after, before) =
            files.iter().filter_map(|file| compressed(file)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let ratio =
            if after == 0 { String::new() } else { format!(", full blocks {:.1} to 1", before as f64 / after as f64) };
        let an_order = |bytes: u64| bytes as f64 / orders as f64 / 1_000.0;
        println!("{name:<10} an order        {:.1} KB, on disk {:.1} KB{ratio}", an_order(counted), an_order(on_disk));
    }
}

//! The two doors of Commerce: the webhook's, which answers when the hint is on disk and believes nothing else, and the
//! poll's, which finds what the other missed. One content of an order is one change, through whichever it came.

mod adobe;
mod attack;
mod io_events;
mod logins;
mod losses;
mod poll;
mod refusals;
pub(crate) mod sender;
mod signer;
pub(crate) mod stub;
mod webhooks;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// Polling is off but for one poll at the start.
fn without_polling() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "1h")
}

/// A house where webhooks alone bring orders: the poll at the start is over.
async fn house_of_webhooks(wishes: Wishes) -> House {
    let house = House::start(wishes).await;
    house.until_ready("ingestor-commerce").await;
    house
}

/// Messages on each subject of a stream that `filter` takes.
pub(crate) async fn subjects(house: &House, stream: &str, filter: &str) -> BTreeMap<String, usize> {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let info = stream.info_with_subjects(filter).await.unwrap();
    info.map(|subject| subject.unwrap()).collect().await
}

/// How many changes each order has.
pub(crate) async fn changes(house: &House) -> Vec<usize> {
    subjects(house, "CHANGES", "change.main.commerce.order.>").await.into_values().collect()
}

/// Waits until every delivery of a consumer is dealt with.
async fn until_taken(house: &House, stream: &str, consumer: &str) {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let started = Instant::now();
    loop {
        let info = stream.consumer_info(consumer).await.unwrap();
        if info.num_pending == 0 && info.num_ack_pending == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{consumer} does not come to an end: {info:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

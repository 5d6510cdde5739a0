//! How long a webhook waits for its answer, beside a bare acknowledged publish of the same body.

use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::json;
use sha2::Sha256;

use crate::house::{House, Wishes};
use crate::percentile;

const WEBHOOKS: u64 = 2_000;

pub(crate) async fn print() {
    let mut house = House::prepare(Wishes::default().set("COMMERCE__POLL__INTERVAL", "10m")).await;
    house.installation.start_service("ingestor-commerce").unwrap();
    house.until_ready("ingestor-commerce").await;
    let jetstream = house.jetstream().await;
    let like = jetstream.get_stream("HINTS").await.unwrap().cached_info().config.clone();
    let bare = async_nats::jetstream::stream::Config { name: "BARE".into(), subjects: vec!["bare.>".into()], ..like };
    jetstream.create_stream(bare).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 1..=WEBHOOKS {
        // An invoice's webhook: kept like any other, and read by nobody, so that what is timed is the door alone.
        let body = json!({"event": "sales_order_invoice_save_commit_after", "invoice": {"entity_id": number, "order_id": number}})
            .to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let started = Instant::now();
        let answer = client.post(&url).header("x-signature", signature).body(body.clone()).send().await.unwrap();
        let took = started.elapsed().as_micros();
        assert_eq!(answer.status(), 200);
        let started = Instant::now();
        jetstream.publish(format!("bare.{number}"), body.into()).await.unwrap().await.unwrap();
        if number > WEBHOOKS / 10 {
            ours.push(took);
            theirs.push(started.elapsed().as_micros());
        }
    }
    ours.sort_unstable();
    theirs.sort_unstable();
    for percent in [50, 99] {
        let (ours, theirs) = (percentile(&ours, percent), percentile(&theirs, percent));
        println!("p{percent:<3} webhook {ours} µs, bare publish {theirs} µs, ratio {:.2}", ours as f64 / theirs as f64);
    }
}

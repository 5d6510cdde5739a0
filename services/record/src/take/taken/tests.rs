use async_nats::HeaderMap;
use bytes::Bytes;

use super::*;
use crate::address::Address;

const SECOND: Duration = Duration::from_secs(1);

fn delivery(sequence: u64) -> Delivery {
    let subject = format!("change.main.commerce.order.{sequence}");
    let (headers, payload) = (HeaderMap::new(), Bytes::new());
    let address = Address::parse(&subject).unwrap();
    Delivery { address, subject, headers, payload, sequence, delivered: 1, stored_at: 1_000 * sequence }
}

fn take(taken: &Taken, sequence: u64, verdict: &Verdict) {
    taken.begun(&delivery(sequence), 1_000 * sequence);
    taken.decided(&delivery(sequence), verdict);
}

fn fails(why: &str) -> Verdict {
    Verdict::Again(SECOND, why.to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_a_minute_is_told_with_its_sentence_until_it_gets_through() {
    let health = Health::default();
    let taken = Taken::of("mapper", health.clone());
    for second in 0..70 {
        take(&taken, 7, &fails("the broker does not answer"));
        take(&taken, 8, &Verdict::RetryAfter(SECOND, "waits for its customer".to_owned()));
        taken.tell();
        assert_eq!(health.is_well(), second < 60, "{second}");
        tokio::time::advance(SECOND).await;
    }
    let told = health.told();
    let wanted = "deliveries: 1 are tried again and again, change.main.commerce.order.7 for 69 s: the broker does";
    assert!(told.starts_with(wanted), "{told}");
    take(&taken, 7, &Verdict::Done);
    taken.tell();
    assert!(health.is_well());
}

#[tokio::test(start_paused = true)]
async fn what_another_replica_has_taken_over_is_forgotten() {
    let health = Health::default();
    let taken = Taken::of("mapper", health.clone());
    take(&taken, 9, &fails("x"));
    tokio::time::advance(61 * SECOND).await;
    taken.tell();
    assert!(!health.is_well());
    tokio::time::advance(300 * SECOND).await;
    taken.tell();
    assert!(health.is_well() && taken.standing() == Standing::default());
}

#[tokio::test(start_paused = true)]
async fn the_oldest_is_one_that_does_not_wait_as_it_should() {
    let taken = Taken::of("writer-visma", Health::default());
    take(&taken, 1, &Verdict::RetryAfter(60 * SECOND, "waits for its release".to_owned()));
    take(&taken, 2, &fails("503"));
    taken.begun(&delivery(3), 3_000);
    taken.settled();
    assert_eq!(taken.standing(), Standing { oldest: Some(2_000), parked: 1, settled: 1 });
    taken.handed_back(3);
    take(&taken, 2, &Verdict::Done);
    assert_eq!(taken.standing(), Standing { oldest: None, parked: 1, settled: 1 });
}

//! `ml-connector backfill`: history is booked once, whatever stops it, and nothing else is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::bad_input::order::spoilt;
use crate::hold::Hold;
use crate::house::{House, Wishes, assert_agrees};

const PATIENCE: Duration = Duration::from_secs(90);
const DECEMBER: [&str; 6] = ["backfill", "--from", "2025-12-01", "--to", "2026-01-01", "--json"];

/// The order numbers that have an invoice.
async fn booked(house: &House) -> BTreeSet<String> {
    let stream = house.jetstream().await.get_stream("COMMANDS").await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut booked = BTreeSet::new();
    for sequence in 1..=state.last_sequence {
        let subject = stream.direct_get(sequence).await.unwrap().subject.to_string();
        if let Some(rest) = subject.strip_prefix("command.main.visma.invoice.") {
            booked.insert(rest.split('.').next().unwrap().to_owned());
        }
    }
    booked
}

fn numbers(ids: &[u32]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Orders of November, December and January by the calendar of Oslo; all were touched lately, so that the poll has
/// them.
async fn house_with_history() -> House {
    let wishes = Wishes::default()
        .set("SCOPE__GO_LIVE", "2026-01-01")
        .set("COMMERCE__POLL__INTERVAL", "1s")
        .set("COMMERCE__POLL__PAGE_SIZE", "2")
        .set("BACKFILL__AHEAD", "2");
    let house = House::start(wishes).await;
    let made = |id: u32, at: &str| spoilt(id, &[("/created_at", json!(at))]);
    house.store(&made(11, "2025-11-30 22:59:59")).await;
    for (id, at) in [(12, "2025-11-30 23:00:00"), (13, "2025-12-05 10:00:00"), (14, "2025-12-05 10:00:00")] {
        house.store(&made(id, at)).await;
    }
    house.store(&made(15, "2025-12-24 10:00:00")).await;
    let waiting = [("/created_at", json!("2025-12-30 10:00:00")), ("/state", json!("pending_payment"))];
    house.store(&spoilt(16, &waiting)).await;
    house.store(&made(17, "2025-12-31 22:59:59")).await;
    house.store(&made(18, "2025-12-31 23:00:00")).await;
    house.until_booked(1, PATIENCE).await;
    let started = Instant::now();
    while house.messages("OUTCOMES").await < 7 {
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(booked(&house).await, numbers(&[18]), "what was made before is not booked");
    house
}

#[tokio::test]
async fn history_is_booked_once_although_the_backfill_is_killed() {
    let house = house_with_history().await;
    let before = house.messages("CHANGES").await;
    let (code, said, talk) = house.verb(&DECEMBER, &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    let plan = &lines(&said)[0];
    assert_eq!(
        (plan["kinds"][0]["kind"].as_str(), plan["kinds"][0]["all"].as_u64()),
        (Some("order"), Some(6)),
        "{plan}"
    );
    assert_eq!(house.messages("CHANGES").await, before, "a plan changes nothing");

    // Two counts, a page of two orders, and the next page never comes.
    let page = json!({ "system": "commerce", "method": "GET", "contains": "created_at", "nth": 4 });
    let hold = Hold::arm(&house, &json!({ "point": "received", "on": page })).await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    command.arg("--config").arg(&house.installation.config).args(DECEMBER).arg("--apply").kill_on_drop(true);
    command.env("ML__COMMERCE__POLL__PAGE_SIZE", "2").env("ML__SCOPE__GO_LIVE", "2026-01-01");
    let mut running = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    hold.reached().await;
    running.kill().await.unwrap(); // SIGKILL.
    hold.end("abort").await;
    assert_eq!(house.messages("CHANGES").await, before + 2);

    let (code, said, talk) = house.verb(&[&DECEMBER[..], &["--apply"]].concat(), &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    let said = lines(&said);
    assert_eq!((said[0]["resumed"].as_bool(), said[0]["kinds"][0]["left"].as_u64()), (Some(true), Some(4)), "{said:?}");
    assert_eq!((said[1]["read"].as_u64(), said[1]["brought_in"].as_u64()), (Some(4), Some(4)), "{said:?}");
    house.until("December's invoices", PATIENCE, |l| l["invoices"]["count"] == 6).await;
    assert_eq!(booked(&house).await, numbers(&[12, 13, 14, 15, 17, 18]));

    // The mark stays with an order: what waited is booked when the poll finds it paid.
    house.installation.tell_shop("orders/16/state", &json!({ "state": "processing" })).await.unwrap();
    let ledger = house.until("the paid order", PATIENCE, |l| l["invoices"]["count"] == 7).await;
    assert_agrees(&ledger);

    // Without its cursor everything is read again, and nothing comes of it.
    let cursors = house.jetstream().await.get_key_value("ML_CURSORS").await.unwrap();
    cursors.delete("main.commerce.backfill").await.unwrap();
    let before = house.messages("CHANGES").await;
    let (code, said, talk) = house.verb(&[&DECEMBER[..], &["--apply"]].concat(), &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(
        (lines(&said)[1]["read"].as_u64(), lines(&said)[1]["brought_in"].as_u64()),
        (Some(6), Some(0)),
        "{said}"
    );
    assert_eq!(house.messages("CHANGES").await, before);
    assert_eq!(booked(&house).await, numbers(&[12, 13, 14, 15, 16, 17, 18]));
    assert_eq!(house.dead_letters().await, vec![]);
}

#[tokio::test]
async fn a_range_that_is_booked_anyway_is_refused() {
    let house = House::prepare(Wishes::default().set("SCOPE__GO_LIVE", "2026-01-01")).await;
    for arguments in [["backfill", "--from", "2026-01-01"], ["backfill", "--from", "2026-02-01"]] {
        let (code, _, talk) = house.verb(&arguments, &[]).await;
        assert!(code == Some(78) && talk.contains("BACKFILL_RANGE"), "{code:?} {talk}");
    }
}

/// The shop goes live next year, and this year's refunds are brought in with their orders.
#[tokio::test]
async fn credit_memos_come_with_their_orders_and_a_stopped_backfill_says_so() {
    let house = House::start(Wishes::default().set("SCOPE__GO_LIVE", "2099-01-01")).await;
    house.store(&crate::bad_input::order::order(11)).await;
    house.store(&crate::bad_input::order::order(12)).await;
    for step in ["invoice", "creditmemo"] {
        house.installation.tell_shop(&format!("commerce/orders/12/{step}"), &json!({})).await.unwrap();
    }
    let arguments = ["backfill", "--from", "2026-01-01", "--json", "--apply"];
    // The page behind the plan never comes, and somebody presses Ctrl-C.
    let page = json!({ "system": "commerce", "method": "GET", "contains": "created_at", "nth": 3 });
    let hold = Hold::arm(&house, &json!({ "point": "received", "on": page })).await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    command.arg("--config").arg(&house.installation.config).args(arguments).kill_on_drop(true);
    let command = command.env("ML__SCOPE__GO_LIVE", "2099-01-01").stdout(std::process::Stdio::null());
    let mut running = command.spawn().unwrap();
    hold.reached().await;
    let pid = running.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(running.wait().await.unwrap().code(), Some(130));
    hold.end("abort").await;

    let (code, said, talk) = house.verb(&arguments, &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(
        (lines(&said)[1]["read"].as_u64(), lines(&said)[1]["brought_in"].as_u64()),
        (Some(3), Some(3)),
        "{said}"
    );
    let both = |ledger: &Value| ledger["invoices"]["count"] == 2 && ledger["credit_notes"]["count"] == 1;
    let ledger = house.until("two invoices and a credit note", PATIENCE, both).await;
    assert_agrees(&ledger);
    assert_eq!(house.dead_letters().await, vec![]);

    // What was made since is read by the same command, and no more.
    house.store(&crate::bad_input::order::order(13)).await;
    let (_, said, talk) = house.verb(&arguments, &[]).await;
    assert_eq!(
        (lines(&said)[1]["read"].as_u64(), lines(&said)[1]["brought_in"].as_u64()),
        (Some(1), Some(1)),
        "{talk}"
    );
    house.until("a third invoice", PATIENCE, |l| l["invoices"]["count"] == 3).await;

    // They are of today, and the go-live date is to come: the poll compares them all the same.
    let (code, _, talk) = house.verb(&["poll", "now", "visma.invoice", "--wait"], &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    let read = stream.info_with_subjects("change.main.visma.invoice.*").await.unwrap();
    assert_eq!(read.count().await, 3);
}

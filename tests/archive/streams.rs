//! Streams of earlier versions forbid to purge for ever: they are backed up and restored without that, as
//! `deploy/archive.md` says, by what `nats stream backup` and `nats stream restore --config` ask of the broker.

use async_nats::Client;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{AS_ARCHIVE, LONG, assert_nothing_twice, books, folder, until_final, wishes};
use crate::day::both;
use crate::flows::{act, orders};
use crate::house::{House, Wishes};

const STREAMS: [&str; 4] = ["CHANGES", "COMMANDS", "OUTCOMES", "DEAD"];

/// A stream with its consumers, as the broker hands it out.
struct Backup {
    config: Value,
    state: Value,
    chunks: Vec<Bytes>,
}

async fn ask(client: &Client, subject: &str, body: &Value) -> Value {
    let answer = client.request(subject.to_owned(), body.to_string().into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(answer["error"], Value::Null, "{subject}: {answer:#}");
    answer
}

async fn back_up(client: &Client, stream: &str) -> Backup {
    let inbox = client.new_inbox();
    let mut chunks = client.subscribe(inbox.clone()).await.unwrap();
    let asked = json!({ "deliver_subject": inbox, "no_consumers": false, "chunk_size": 65_536 });
    let answer = ask(client, &format!("$JS.API.STREAM.SNAPSHOT.{stream}"), &asked).await;
    let mut taken = Vec::new();
    while let Some(chunk) = chunks.next().await.filter(|chunk| !chunk.payload.is_empty()) {
        if let Some(reply) = chunk.reply {
            client.publish(reply, Bytes::new()).await.unwrap();
        }
        taken.push(chunk.payload);
    }
    Backup { config: answer["config"].clone(), state: answer["state"].clone(), chunks: taken }
}

async fn restore(client: &Client, stream: &str, backup: Backup) {
    let Backup { mut config, state, chunks } = backup;
    config["deny_purge"] = json!(false);
    let asked = json!({ "config": config, "state": state });
    let answer = ask(client, &format!("$JS.API.STREAM.RESTORE.{stream}"), &asked).await;
    let to = answer["deliver_subject"].as_str().unwrap().to_owned();
    for chunk in chunks {
        client.request(to.clone(), chunk).await.unwrap();
    }
    let done = client.request(to, Bytes::new()).await.unwrap();
    let done: Value = serde_json::from_slice(&done.payload).unwrap();
    assert_eq!(done["error"], Value::Null, "{done:#}");
}

/// Returns what must be the same before and after: where a stream begins and ends, and how far its consumers are.
async fn standing(client: &Client, stream: &str) -> Value {
    let mut info = ask(client, &format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await["state"].take();
    let kept = ["messages", "last_seq", "last_ts", if info["messages"] == 0 { "" } else { "first_seq" }];
    info.as_object_mut().unwrap().retain(|name, _| kept.contains(&name.as_str()));
    let names = ask(client, &format!("$JS.API.CONSUMER.NAMES.{stream}"), &json!({})).await["consumers"].take();
    for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let consumer = ask(client, &format!("$JS.API.CONSUMER.INFO.{stream}.{name}"), &json!({})).await;
        if consumer["config"]["durable_name"] == name {
            info[name] = json!([consumer["ack_floor"]["stream_seq"], consumer["num_pending"]]);
        }
    }
    info
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_earlier_versions_are_archived_after_they_were_restored() {
    let mut house = House::start(Wishes { rights: false, ..wishes() }).await;
    house.place(4, 4).await;
    house.until_booked(4, LONG).await;
    let ids = orders(&house).await;
    // Those of an earlier version.
    let client = house.jetstream().await.client();
    for stream in STREAMS {
        let mut config = ask(&client, &format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await["config"].take();
        config["deny_purge"] = json!(true);
        ask(&client, &format!("$JS.API.STREAM.UPDATE.{stream}"), &config).await;
    }
    let (code, said, talk) = house.verb(&["provision"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(said.contains("stream CHANGES; it cannot be archived as it is"), "{said}");
    act(&house, ids[0], "cancel", &json!({})).await;
    both::until_quiet(&house).await;
    let plan = until_final(&house, 1).await;
    let before = plan["before"].as_str().unwrap().trim_end_matches('Z').to_owned();
    let to = folder(&house);
    let apply = ["archive", "--before", &before, "--to", to.to_str().unwrap(), "--apply", "--json"];
    let (code, said, _) = house.verb(&apply, &AS_ARCHIVE).await;
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("ARCHIVE_FORBIDDEN") && said.contains("CHANGES"), "{said}");

    house.installation.services.drain(..).for_each(|mut service| service.kill());
    for stream in STREAMS {
        let before = standing(&client, stream).await;
        let backup = back_up(&client, stream).await;
        ask(&client, &format!("$JS.API.STREAM.DELETE.{stream}"), &json!({})).await;
        restore(&client, stream, backup).await;
        assert_eq!(standing(&client, stream).await, before, "{stream}");
    }
    let (code, said, talk) = house.verb(&["provision"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(!said.contains("cannot be archived"), "{said}");
    house.installation.start_services().unwrap();

    let (code, said, talk) = house.verb(&apply, &AS_ARCHIVE).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    house.place(2, 2).await;
    let ledger = house.until("two more", LONG, |ledger| books(ledger)[0] == 6).await;
    both::until_quiet(&house).await;
    assert_eq!(books(&assert_nothing_twice(&house).await), books(&ledger), "{ledger:#}");
    assert_eq!(house.dead_letters().await, [], "{}", house.logs());
}

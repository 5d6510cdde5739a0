//! Fills streams with what orders leave in them that were booked long ago: subjects, headers and sizes are those of
//! real entries, and what is a person's is noise. The same numbers make the same entries.

use std::collections::VecDeque;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use bytes::Bytes;
use proto::matching::{CORPORATE, EMAIL, INTERNAL, NUMBER};
use proto::seen::{CREATED, REFERENCE};
use proto::{Kind, Message as _, Outcome};
use record::address::{Address, Connection, Entity, System};
use record::envelope::{self, Cause, Envelope};
use serde_json::json;

/// Publishes in flight.
const WINDOW: usize = 1_000;
/// Orders of one customer.
const ORDERS_EACH: u64 = 4;
const FIXTURE: &str = include_str!("../../fixtures/order.json");

/// Publishes without waiting for each acknowledgement, and for all of them in the end.
struct Filler {
    jetstream: Context,
    flight: VecDeque<async_nats::jetstream::context::PublishAckFuture>,
}

impl Filler {
    async fn put(&mut self, subject: String, headers: HeaderMap, body: Bytes) {
        if self.flight.len() >= WINDOW {
            self.flight.pop_front().unwrap().await.unwrap();
        }
        self.flight.push_back(self.jetstream.publish_with_headers(subject, headers, body).await.unwrap());
    }

    async fn end(self) {
        for one in self.flight {
            one.await.unwrap();
        }
    }
}

/// Noise that is the same each time (splitmix64): a hash of a mark, sealed data.
fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn mark(seed: u64) -> String {
    format!("{:016x}{:016x}", noise(seed), noise(seed ^ 0xffff))
}

fn sealed(seed: u64, words: u64) -> Vec<u8> {
    (0..words).flat_map(|word| noise(seed.wrapping_mul(31).wrapping_add(word)).to_be_bytes()).collect()
}

fn headers(id: &str, source: &str, kind: &str, further: &[(&'static str, String)]) -> HeaderMap {
    let envelope = Envelope { id, source, kind, content_type: envelope::PROTOBUF };
    let mut headers = envelope.headers(&Cause::default());
    further.iter().for_each(|(name, value)| envelope::set(&mut headers, *name, value));
    headers
}

/// Fills the streams with what so many orders leave behind.
pub(super) async fn orders(jetstream: &Context, orders: u64) {
    let mut filler = Filler { jetstream: jetstream.clone(), flight: VecDeque::new() };
    let main = Connection::new("main");
    for id in 1..=orders {
        if id % ORDERS_EACH == 1 {
            customer(&mut filler, &main, id / ORDERS_EACH + 1).await;
        }
        order(&mut filler, &main, id).await;
    }
    filler.end().await;
}

async fn customer(filler: &mut Filler, main: &Connection, id: u64) {
    let (key, number) = (id.to_string(), (10_000 + id).to_string());
    let mut marks = vec![(EMAIL, mark(id))];
    if id.is_multiple_of(3) {
        marks.push((CORPORATE, mark(id + (1 << 40))));
    }
    let person = mark(id + (1 << 41));
    let command = Address::command(main, System::Visma, Entity::Customer, &key, &person);
    let made = headers(&format!("cmd-customer-{id}"), "mapper", "ml.command.customer", &[(envelope::LANE, person)]);
    filler.put(command.subject(), made, sealed(id, 60).into()).await;
    let outcome = Address::outcome(main, System::Visma, Entity::Customer, &key).subject();
    for (kind, word) in [(Kind::Intent, "intent"), (Kind::Applied, "applied")] {
        let is_made = kind == Kind::Applied;
        let entry =
            Outcome { kind: kind.into(), number: if is_made { number.clone() } else { String::new() }, ..entry(id) };
        let mut further = [marks.clone(), vec![(envelope::KIND, word.to_owned())]].concat();
        if is_made {
            further.push((NUMBER, number.clone()));
        }
        let written = headers(&format!("{word}-customer-{id}"), "writer-visma", "ml.outcome", &further);
        filler.put(outcome.clone(), written, entry.encode_to_vec().into()).await;
    }
    let read = Address::change(main, System::Visma, Entity::Customer, &number).subject();
    let further = [marks, vec![(NUMBER, number), (INTERNAL, id.to_string())]].concat();
    let found = headers(&format!("chg-customer-{id}"), "ingestor-visma", "ml.change", &further);
    filler.put(read, found, sealed(id, 90).into()).await;
}

fn entry(id: u64) -> Outcome {
    Outcome {
        command_id: mark(id + (1 << 42)),
        command_sequence: id * 2,
        change_sequence: id * 3,
        body_hash: mark(id + (1 << 43)),
        attempt: 1,
        written_at: 1_700_000_000_000 + id * 86_000,
        ..Outcome::default()
    }
}

async fn order(filler: &mut Filler, main: &Connection, id: u64) {
    let (key, number, reference) = (id.to_string(), (500_000 + id).to_string(), format!("WEB-{id:09}"));
    let person = mark(id + (1 << 44));
    let body = FIXTURE.to_owned() + &person + &mark(id + (1 << 45)).repeat(6);
    for version in 1..=2 {
        let read = Address::change(main, System::Commerce, Entity::Order, &key).subject();
        let further = [(envelope::VERSION, mark(id * 2 + version))];
        let found = headers(&format!("chg-{id}-{version}"), "ingestor-commerce", "ml.change", &further);
        filler.put(read, found, body.clone().into()).await;
    }
    let lane = [(REFERENCE, reference.clone()), (envelope::LANE, key.clone())];
    let command = Address::command(main, System::Visma, Entity::Invoice, &key, &key).subject();
    let made = headers(&format!("cmd-{id}"), "mapper", "ml.command.invoice", &lane);
    filler.put(command, made, sealed(id, 100).into()).await;
    let outcome = Address::outcome(main, System::Visma, Entity::Invoice, &key).subject();
    for (kind, word) in [(Kind::Intent, "intent"), (Kind::Applied, "applied"), (Kind::Applied, "verified")] {
        let told = if word == "intent" { String::new() } else { number.clone() };
        let written = Outcome { kind: kind.into(), number: told, external_reference: reference.clone(), ..entry(id) };
        let further = [(envelope::KIND, word.to_owned())];
        let headers = headers(&format!("{word}-{id}"), "writer-visma", "ml.outcome", &further);
        filler.put(outcome.clone(), headers, written.encode_to_vec().into()).await;
    }
    let seen = Address::change(main, System::Visma, Entity::Invoice, &number).subject();
    let created = (CREATED, "2025-03-01T00:00:00.000".to_owned());
    let found = headers(&format!("seen-{id}"), "ingestor-visma", "ml.change", &[lane[0].clone(), created]);
    let row = json!({ "referenceNumber": number, "externalReference": reference, "noise": mark(id) });
    filler.put(seen, found, row.to_string().repeat(8).into()).await;
    let verify = Address::command(main, System::Visma, Entity::Verification, &number, &key).subject();
    let made = headers(&format!("ver-{id}"), "mapper", "ml.command.verification", &lane[1..]);
    filler.put(verify, made, sealed(id, 40).into()).await;
}

/// Payments that wait for the release of their invoices.
pub(super) async fn parked(jetstream: &Context, parked: u64) {
    let mut filler = Filler { jetstream: jetstream.clone(), flight: VecDeque::new() };
    let main = Connection::new("main");
    for id in 1..=parked {
        let key = format!("invoice-{id}");
        let delivery = Address::command(&main, System::Visma, Entity::Payment, &key, &id.to_string()).subject();
        let on = Address::outcome(&main, System::Visma, Entity::Invoice, &id.to_string()).subject();
        let further = [
            (envelope::ORIGIN, delivery),
            (envelope::ORIGIN_SEQUENCE, id.to_string()),
            (envelope::ATTEMPTS, "1".to_owned()),
            ("Ml-Since", "1700000000000".to_owned()),
            ("Ml-Waits-For", on),
            // It has not moved since, and will not.
            ("Ml-Waits-For-Sequence", u64::MAX.to_string()),
            ("Ml-Until", "9000000000000".to_owned()),
            (envelope::SENTENCE, envelope::encode("its invoice is not released yet")),
        ];
        let waiting = headers(&format!("wait-{id}"), "writer-visma", "ml.waiting", &further);
        filler.put(format!("waiting.main.writer-visma.visma.payment.{key}"), waiting, Bytes::new()).await;
    }
    filler.end().await;
}

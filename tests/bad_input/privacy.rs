//! Personal data: after orders were booked, refused, found unreadable and lost in doubt, nothing of any person stands
//! in clear in a file of the broker's or in a log of ours.

use std::path::Path;
use std::time::Duration;

use sandbox::generate::Generator;
use serde_json::{Value, json};

use super::letters::until_letters;
use super::order::spoilt;
use crate::doors::sender::Sender;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);
const SEED: u64 = 11;

/// Personal data in one person's orders, in words that occur nowhere else.
struct Person {
    email: &'static str,
    first: &'static str,
    last: &'static str,
    street: &'static str,
    city: &'static str,
    phone: &'static str,
    company: &'static str,
    note: &'static str,
}

const PERSON: Person = Person {
    email: "Gunnhild.Snøvann@hemmelig.example",
    first: "Fjellgunnhild",
    last: "Snøvannsmoen",
    street: "Hemmeligstien 4711",
    city: "Skjulestad",
    phone: "+47 99 88 77 66",
    company: "Snøvannsmoen Gårdsdrift",
    note: "Ring på hos naboen Oddgeir",
};

/// Texts that modules and buyers put into an order, under names that nobody here has heard of.
const PLANTED: [&str; 5] = [
    "betaler.hemmelig@lommebok.example",
    "Sett pakken bak vedskjulet",
    "010180-hemmelig-12345",
    "portkode-8841#",
    "ordrekommentar om astma",
];

impl Person {
    fn all(&self) -> Vec<String> {
        let words = [self.first, self.last, self.street, self.city, self.phone, self.company, self.note];
        let words = words.into_iter().chain(PLANTED);
        let mut all: Vec<String> = words.map(str::to_owned).collect();
        all.extend([self.email.to_owned(), self.email.to_lowercase()]);
        all
    }

    /// An order of theirs, with `changes` on top.
    fn orders(&self, number: u32, changes: &[(&str, Value)]) -> Value {
        let mut order = spoilt(number, &[("/customer_email", json!(self.email))]);
        for pointer in ["/billing_address", "/extension_attributes/shipping_assignments/0/shipping/address"] {
            let address = order.pointer_mut(pointer).unwrap();
            for (name, value) in [
                ("email", json!(self.email)),
                ("firstname", json!(self.first)),
                ("lastname", json!(self.last)),
                ("street", json!([self.street])),
                ("city", json!(self.city)),
                ("telephone", json!(self.phone)),
                ("company", json!(self.company)),
            ] {
                address[name] = value;
            }
        }
        order["customer_firstname"] = json!(self.first);
        order["customer_lastname"] = json!(self.last);
        order["customer_note"] = json!(self.note);
        let [payer, delivery, number, door, comment] = PLANTED;
        order["payment"]["extension_attributes"] = json!({ "wallet": { "payer": { "mail": payer } } });
        order["extension_attributes"]["delivery"] = json!({ "comment": delivery, "codes": [{ "name": door }] });
        order["extension_attributes"]["personal_number"] = json!(number);
        order["bold_order_comment"] = json!(comment);
        order["status_histories"] = json!([{ "comment": self.note, "status": "pending" }]);
        for (pointer, value) in changes {
            *order.pointer_mut(pointer).unwrap() = value.clone();
        }
        order
    }
}

#[tokio::test]
async fn nothing_personal_stands_in_clear_in_the_streams_or_the_logs() {
    // Whoever looks for a fault turns the logs up, and shall not find people in them either.
    let wishes = Wishes::default().sandbox("--seed", &SEED.to_string()).set("LOG__LEVEL", "debug");
    let mut house = House::prepare(wishes).await;
    let twice = json!({ "emails": ["tvilling.hemmelig@example.no", "tvilling.hemmelig@example.no"] });
    house.installation.tell("visma/customers", &twice).await.unwrap();
    house.place(20, 10).await;
    // The create of a customer gets no answer, and looking for it by e-mail fails twice.
    let customers = json!({ "system": "visma", "method": "POST", "path": "/v1/customer", "contains": PERSON.email });
    fault(&house, &json!({ "kind": "lost_after", "on": customers })).await;
    let lookups =
        json!({ "system": "visma", "method": "GET", "path": "/v1/customer", "contains": "email=", "count": 2 });
    fault(&house, &json!({ "kind": "reset", "on": lookups })).await;
    house.store(&PERSON.orders(1001, &[])).await;
    house.store(&PERSON.orders(1002, &[("/grand_total", json!(999))])).await;
    house.store(&PERSON.orders(1003, &[("/grand_total", json!("much"))])).await;
    house.store(&PERSON.orders(1004, &[("/billing_address/street", json!(PERSON.street))])).await;
    house.store(&PERSON.orders(1005, &[("/customer_email", json!("tvilling.hemmelig@example.no"))])).await;
    house.installation.start_services().unwrap();
    let sender = Sender::to(&house).await;
    let body = json!({ "order": PERSON.orders(1001, &[]) }).to_string();
    assert_eq!(sender.post(&body).await.status, 200);
    let letters = until_letters(&house, 4, PATIENCE).await;
    house.until("all the others", PATIENCE, |ledger| ledger["invoices"]["count"].as_u64() >= Some(21)).await;

    let mut files = Files::default();
    files.read(&house.installation.folder().join("broker"));
    files.read_logs(house.installation.folder());
    // What is not personal stays readable, and shows that the files are what they are taken for.
    assert!(files.hold("KNOWN-1"), "the streams cannot be read");
    assert!(files.hold("\"country_id\":\"NO\""), "the streams cannot be read");
    assert!(files.hold("a look-up of documents in doubt failed"), "nothing was looked up by e-mail");
    for secret in PERSON.all().into_iter().chain(["tvilling.hemmelig".to_owned()]).chain(generated()) {
        files.assert_free_of(&secret);
    }
    for letter in letters {
        assert!(!letter.sentence.contains("emmelig"), "{letter:?}");
    }
}

async fn fault(house: &House, fault: &Value) {
    house.installation.tell("faults", fault).await.unwrap();
}

/// Returns the texts by which the sandbox's generated customers are recognised.
fn generated() -> Vec<String> {
    let generator = Generator::new(SEED);
    let people = (0..10).map(|number| generator.customer(number));
    people.flat_map(|p| [p.email, p.street, p.phone].into_iter().chain(p.company).chain(p.vat_number)).collect()
}

/// Files by name.
#[derive(Default)]
struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    fn read(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path);
            } else {
                self.0.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
            }
        }
    }

    /// The services' logs; the sandbox plays the vendors, who know their customers.
    fn read_logs(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") && !path.ends_with("sandbox.log") {
                self.0.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }

    fn hold(&self, text: &str) -> bool {
        self.0.iter().any(|(_, bytes)| find(bytes, text).is_some())
    }

    fn assert_free_of(&self, secret: &str) {
        let mut spellings = vec![secret.to_owned(), secret.replace(' ', "+")];
        spellings.push(url_encoded(secret));
        for (name, bytes) in &self.0 {
            for spelling in &spellings {
                if let Some(place) = find(bytes, spelling) {
                    let around = &bytes[place.saturating_sub(200)..(place + 100).min(bytes.len())];
                    panic!("{spelling} in {name}: …{}…", String::from_utf8_lossy(around));
                }
            }
        }
    }
}

fn url_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

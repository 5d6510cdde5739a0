//! Comments on an order: what is noted on one already, and noting something more.
//!
//! A POST of a comment repeats: Commerce stores the same text twice. So a comment of ours bears a mark, and the order
//! is read before it is written. A comment goes by the order's own status: another one is refused, and an older
//! Commerce sets the order's to nothing when none is given. Neither moves the order's `updated_at`.

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::json;

use crate::attribute::Attribute;
use crate::decode::{DecodeError, from_text};
use crate::entity::Entity;
use crate::field;
use crate::requests::{Base, RequestError};
use crate::search::{Direction, Filter, PageSize, Search};

/// Fields that are asked of an order: no more than is needed. None is about a person, except what comments say. A shop
/// without custom attributes leaves those out.
const FIELDS: &str = "items[entity_id,increment_id,status,status_histories[entity_id,comment],\
                      custom_attributes[attribute_code,value]],total_count";

/// An order with what is noted on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NotedOrder {
    /// Database id.
    #[serde(deserialize_with = "field::id")]
    pub entity_id: u64,
    /// Number that people see.
    #[serde(default, deserialize_with = "field::null_default")]
    pub increment_id: String,
    /// Its status; missing where the database has none.
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "field::null_default")]
    status_histories: Vec<Note>,
    #[serde(default, deserialize_with = "field::null_default")]
    pub(crate) custom_attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Note {
    #[serde(deserialize_with = "field::optional_id")]
    entity_id: Option<u64>,
    #[serde(deserialize_with = "field::null_default")]
    comment: String,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, deserialize_with = "field::null_default")]
    items: Vec<NotedOrder>,
    total_count: u64,
}

impl NotedOrder {
    /// Decodes the answer of [`noted_order`].
    ///
    /// # Errors
    /// When it is no such list, or announces orders and brings none.
    pub fn decode_list(body: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let Wire { items, total_count } = from_text(body)?;
        if items.is_empty() && total_count > 0 {
            return Err(DecodeError { path: "items".into(), reason: format!("missing, of {total_count} in all") });
        }
        Ok(items)
    }

    /// The numbers of the comments that bear `mark`, oldest first; a comment without a number shows as its order's. A
    /// mark that was written before marks named their connection counts as well.
    #[must_use]
    pub fn marked(&self, mark: &str) -> Vec<String> {
        let old = mark_without_connection(mark);
        let bears =
            |note: &&Note| [Some(mark), old.as_deref()].into_iter().flatten().any(|mark| note.comment.contains(mark));
        let marked = self.status_histories.iter().filter(bears);
        let mut numbers: Vec<u64> = marked.map(|note| note.entity_id.unwrap_or(self.entity_id)).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| number.to_string()).collect()
    }
}

/// The beginning of every mark.
const MARK: &str = "[ml:";

/// The mark with the name of its connection: `[ml:invoice 100015 partly]` is `[ml:main invoice 100015 partly]`.
#[must_use]
pub fn mark_of(mark: &str, connection: &str) -> String {
    mark.strip_prefix(MARK).map_or_else(|| mark.to_owned(), |rest| format!("{MARK}{connection} {rest}"))
}

/// The mark as it was before it named its connection; `None` for one that names nothing besides.
fn mark_without_connection(mark: &str) -> Option<String> {
    let (_, rest) = mark.strip_prefix(MARK)?.split_once(' ')?;
    rest.contains(' ').then(|| format!("{MARK}{rest}"))
}

/// A comment that is to be noted on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewComment<'a> {
    /// The text, with its mark.
    pub text: &'a str,
    /// Shown to the shopper on the order's page.
    pub visible: bool,
    /// The order's current status.
    pub status: Option<&'a str>,
}

/// `GET /V1/orders` for one order by its number, with its status and comments. Answered as
/// [`NotedOrder::decode_list`] reads; a number of several orders shows as two.
///
/// # Errors
/// None in practice.
pub fn noted_order(base: &Base, increment_id: &str) -> Result<Request<Bytes>, RequestError> {
    let search = Search::new(PageSize::new(2)?).and(Filter::equal("increment_id", increment_id)).fields(FIELDS);
    crate::requests::records(base, Entity::Order, &search.sort("entity_id", Direction::Ascending))
}

/// `POST /V1/orders/{id}/comments`. Answered with `true`; the shopper gets no e-mail.
///
/// # Errors
/// None in practice.
pub fn add(base: &Base, entity_id: u64, comment: NewComment<'_>) -> Result<Request<Bytes>, RequestError> {
    // The published schema wants these four.
    let mut history = json!({
        "comment": comment.text,
        "is_customer_notified": 0,
        "is_visible_on_front": u8::from(comment.visible),
        "parent_id": entity_id,
    });
    if let (Some(status), Some(fields)) = (comment.status, history.as_object_mut()) {
        fields.insert("status".to_owned(), status.into());
    }
    base.post(&format!("/V1/orders/{entity_id}/comments"), json!({ "statusHistory": history }).to_string().into())
}

/// True when Commerce refused a comment for the status in it: the order has changed since it was read.
#[must_use]
pub fn is_other_status(message: &str) -> bool {
    message.starts_with("Unable to add comment: The status")
}

#[cfg(test)]
mod tests {
    use super::{NewComment, NotedOrder, add, is_other_status, mark_of, noted_order};
    use crate::fixtures::COMMENTS;
    use crate::requests::Base;

    fn base() -> Base {
        Base::parse("https://shop.example.com/rest/default").expect("a base")
    }

    fn orders(items: &str) -> Vec<NotedOrder> {
        NotedOrder::decode_list(format!("{{\"items\":{items},\"total_count\":1}}").as_bytes()).expect("a list")
    }

    #[test]
    fn a_mark_is_found_in_what_is_noted() {
        let [order] = &orders(&format!("[{COMMENTS}]"))[..] else { panic!("one order") };
        assert_eq!((order.entity_id, order.increment_id.as_str()), (2, "4000000001"));
        assert_eq!(order.status.as_deref(), Some("pending"));
        assert_eq!(order.marked("PO-4711"), ["4"]);
        assert_eq!(order.marked("sitat"), ["3"]);
        assert!(order.marked("[visma:invoice 1]").is_empty());
    }

    #[test]
    fn a_mark_names_its_connection_and_an_old_one_is_known() {
        let mark = mark_of("[ml:invoice 100015 partly]", "main");
        assert_eq!(mark, "[ml:main invoice 100015 partly]");
        let noted = |text: &str| {
            let notes = format!(r#"[{{"entity_id":7,"status_histories":[{{"entity_id":3,"comment":"{text}"}}]}}]"#);
            orders(&notes)[0].marked(&mark)
        };
        assert_eq!(noted("Visma invoice. [ml:main invoice 100015 partly]"), ["3"]);
        assert_eq!(noted("Visma invoice. [ml:invoice 100015 partly]"), ["3"], "from before marks named a connection");
        assert!(noted("Visma invoice. [ml:other invoice 100015 partly]").is_empty(), "another company's");
        assert!(noted("Visma invoice. [ml:main invoice 100015 open]").is_empty());
    }

    #[test]
    fn comments_may_be_missing_empty_or_without_a_number() {
        let bare = r#"[{"entity_id":"7","increment_id":"000000007"}]"#;
        assert!(orders(bare)[0].marked("x").is_empty() && orders(bare)[0].status.is_none());
        let odd = r#"[{"entity_id":7,"status_histories":[{"comment":null},{"comment":"a x"},{"entity_id":9,"comment":"x"}]}]"#;
        assert_eq!(orders(odd)[0].marked("x"), ["7", "9"]);
        assert!(NotedOrder::decode_list(br#"{"items":null,"total_count":2}"#).is_err());
        assert!(NotedOrder::decode_list(br#"{"items":[],"total_count":0}"#).expect("a list").is_empty());
        assert!(NotedOrder::decode_list(b"[]").is_err());
    }

    #[test]
    fn what_is_sent() {
        let comment = NewComment { text: "Invoice 100042 is paid. [ml:a1]", visible: true, status: Some("complete") };
        let request = add(&base(), 1042, comment).expect("a request");
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://shop.example.com/rest/default/V1/orders/1042/comments");
        assert_eq!(request.headers()["content-type"], "application/json");
        let body: serde_json::Value = serde_json::from_slice(request.body()).expect("JSON");
        let history = &body["statusHistory"];
        assert_eq!((&history["comment"], &history["status"]), (&comment.text.into(), &"complete".into()));
        assert_eq!(history["parent_id"], 1042);
        assert_eq!((&history["is_customer_notified"], &history["is_visible_on_front"]), (&0.into(), &1.into()));
        let request = add(&base(), 1042, NewComment { status: None, ..comment }).expect("a request");
        assert!(!std::str::from_utf8(request.body()).expect("text").contains("\"status\""));
        let asked = noted_order(&base(), "000001042").expect("a request").uri().to_string();
        assert!(asked.contains("000001042") && asked.contains("fields=items%5Bentity_id%2C"), "{asked}");
        assert!(asked.ends_with("custom_attributes%5Battribute_code%2Cvalue%5D%5D%2Ctotal_count"), "{asked}");
    }

    #[test]
    fn a_status_that_has_changed_is_told_from_other_refusals() {
        let said = "Unable to add comment: The status \"processing\" is not part of the order\n                 status history.";
        assert!(is_other_status(said));
        assert!(!is_other_status("The entity that was requested doesn't exist. Verify the entity and try again."));
    }
}

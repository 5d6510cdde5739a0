//! Comments and attributes that a command asks for: which of them an order bears, and which it lacks.

use ::commerce::attribute::EntryError;
use ::commerce::comment::NotedOrder;
use effect::{Refusal, Reply};
use problem::Code;
use proto::Comment;

/// Comment and attributes that are to be written on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lacks {
    /// The comment.
    pub(super) comment: bool,
    /// Attributes, by code, with the whole of what they shall hold.
    pub(super) attributes: Vec<(String, String)>,
}

impl Lacks {
    /// Returns what `order` lacks.
    pub(super) fn of(order: &NotedOrder, comment: &Comment) -> Result<Self, Refusal> {
        let mut attributes = Vec::new();
        for wanted in &comment.attributes {
            let value = order.entered(&wanted.code, &wanted.value).map_err(|e| taken(comment, &e))?;
            attributes.extend(value.map(|value| (wanted.code.clone(), value)));
        }
        let is_wanted = !comment.text.is_empty();
        Ok(Self { comment: is_wanted && order.marked(&comment.mark).is_empty(), attributes })
    }

    fn nothing(&self) -> bool {
        !self.comment && self.attributes.is_empty()
    }
}

/// The numbers under which what is asked for stands: several when a comment stands there several times, none as long as
/// a part of it is lacking.
pub(super) fn standing(order: &NotedOrder, comment: &Comment) -> Vec<String> {
    let marked = order.marked(&comment.mark);
    match Lacks::of(order, comment) {
        _ if marked.len() > 1 => marked,
        Ok(lacks) if lacks.nothing() && comment.text.is_empty() => vec![order.entity_id.to_string()],
        Ok(lacks) if lacks.nothing() => marked,
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// Returns the reply that an order that was read gives: nothing when ours is not there, or not all of it.
pub(super) fn reply(order: &NotedOrder, comment: &Comment) -> Option<Reply> {
    let mut numbers = standing(order, comment);
    match (numbers.pop(), numbers.is_empty()) {
        (None, _) => None,
        (Some(number), true) => Some(Reply::Created { number, etag: None }),
        // A look at what stands there tells a person of both.
        (Some(_), false) => Some(Reply::Uncertain),
    }
}

/// The one order that is meant.
pub(super) fn chosen(mut orders: Vec<NotedOrder>, comment: &Comment) -> Result<NotedOrder, Reply> {
    let several = orders.len() > 1;
    if several {
        orders.retain(|order| Some(order.entity_id) == comment.entity_id);
    }
    let why = if several { "several orders have that number" } else { "no order has that number" };
    orders.pop().ok_or_else(|| Reply::Refused(no_order(comment, why)))
}

pub(super) fn no_order(comment: &Comment, why: &str) -> Refusal {
    let sentence = format!("Order {} of Commerce cannot be commented on: {why}.", comment.increment_id);
    Refusal { code: Code::CommentNoOrder, sentence }
}

fn taken(comment: &Comment, error: &EntryError) -> Refusal {
    let sentence = format!("Order {} of Commerce: {error}, and it was left as it is.", comment.increment_id);
    Refusal { code: Code::AttributeTaken, sentence }
}

/// The shop does not keep the attributes; `said` are its words, where it said any.
pub(super) fn not_kept(comment: &Comment, said: Option<&str>) -> Refusal {
    let codes: Vec<&str> = comment.attributes.iter().map(|attribute| attribute.code.as_str()).collect();
    let said =
        said.map_or_else(|| "it takes them and does not show them".to_owned(), |said| format!("it says: {said}"));
    let (codes, order) = (codes.join(", "), &comment.increment_id);
    let sentence = format!("Commerce does not keep the custom attribute {codes} of order {order}; {said}.");
    Refusal { code: Code::AttributeNotKept, sentence }
}

#[cfg(test)]
mod tests {
    use proto::Attribute;
    use serde_json::json;

    use super::*;

    fn order(comments: &[&str], value: &str) -> NotedOrder {
        let comments = comments.iter().zip(1..).map(|(text, id)| json!({ "entity_id": id, "comment": text }));
        let list = json!({ "items": [{
            "entity_id": 42, "status_histories": comments.collect::<Vec<_>>(),
            "custom_attributes": [{ "attribute_code": "bills", "value": value }],
        }], "total_count": 1 });
        NotedOrder::decode_list(list.to_string().as_bytes()).unwrap().pop().unwrap()
    }

    const ENTRY: &str = r#"{"document":"Invoice-7"}"#;

    fn asked(text: &str) -> Comment {
        let attributes = vec![Attribute { code: "bills".to_owned(), value: ENTRY.to_owned() }];
        Comment { mark: "[m]".to_owned(), text: text.to_owned(), attributes, ..Comment::default() }
    }

    #[test]
    fn all_of_it_stands_or_nothing_does() {
        let there = format!("[{ENTRY}]");
        assert_eq!(standing(&order(&["a [m]"], &there), &asked("a [m]")), ["1"]);
        assert_eq!(standing(&order(&[], &there), &asked("")), ["42"]);
        for (comments, value) in [(&["a [m]"][..], ""), (&[], there.as_str()), (&[], "")] {
            assert!(standing(&order(comments, value), &asked("a [m]")).is_empty());
        }
        assert_eq!(standing(&order(&["a [m]", "a [m]"], ""), &asked("a [m]")), ["1", "2"]);
    }

    #[test]
    fn only_what_is_lacking_is_written() {
        let lacks = Lacks::of(&order(&["a [m]"], ""), &asked("a [m]")).unwrap();
        assert_eq!(lacks, Lacks { comment: false, attributes: vec![("bills".to_owned(), format!("[{ENTRY}]"))] });
        let refusal = Lacks::of(&order(&[], "by boat"), &asked("a [m]")).unwrap_err();
        assert_eq!(refusal.code, Code::AttributeTaken);
    }
}

//! Whether a record is still the one that was read last.
//!
//! One record reaches us through a webhook, a poll and a sweep, by id and in a list, and each read must give the same
//! version as long as the record says the same. So the bytes that are hashed are not those that were sent: keys are
//! sorted, null counts as absent, a number has one spelling, and fields are left out that move without the record saying
//! anything new.

use serde_json::Value;

use crate::decimal::normal_form;

/// Left out at every depth: moved by each write of a row, by our own too, and by one that changes nothing that we read.
const VOLATILE: [&str; 2] = ["updated_at", "last_login_at"];

/// Left out of the record itself. Comments (of orders, and of invoices and credit memos) are written by people and by us
/// (a supplier invoice is noted as one), so that each of ours would come back as a change; `email_sent` is set by a job
/// some time after the document was made.
const VOLATILE_ON_RECORD: [&str; 3] = ["status_histories", "comments", "email_sent"];

/// The bytes of an order, invoice, credit memo or customer that stand for its content: the same for the same content,
/// JSON themselves.
pub fn content(record: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(record, true, &mut out);
    out.into_bytes()
}

fn write(value: &Value, is_record: bool, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(number) => match normal_form(number.as_str()) {
            Some(normal) => out.push_str(&normal),
            None => out.push_str(number.as_str()),
        },
        Value::Array(list) => {
            out.push('[');
            for (index, inner) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(inner, false, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let left_out = |name: &str| VOLATILE.contains(&name) || is_record && VOLATILE_ON_RECORD.contains(&name);
            let mut kept: Vec<_> = fields.iter().filter(|(name, inner)| !inner.is_null() && !left_out(name)).collect();
            kept.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (index, (name, inner)) in kept.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(inner, false, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests;

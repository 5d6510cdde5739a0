//! The sentence in an answer that is no success.
//!
//! Commerce sends it as JSON with the values beside it (`No such entity with %fieldName = %fieldValue`), as a list in a
//! fatal error, as plain text, as XML, and edges send whole HTML pages.

use serde_json::Value;

/// Longest sentence that is kept, in characters.
const MAX_MESSAGE: usize = 500;

/// The sentence in a body, with its values put in; never empty.
pub(super) fn of(body: &[u8]) -> String {
    let sentence = match serde_json::from_slice::<Value>(body) {
        Ok(json) => of_json(&json).unwrap_or_else(|| json.to_string()),
        Err(_) => of_text(&String::from_utf8_lossy(body)),
    };
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    if sentence.is_empty() { "no message".to_owned() } else { sentence.chars().take(MAX_MESSAGE).collect() }
}

/// True when a body is HTML or XML, which no JSON text can look like.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// True when a 404 is about the address and not about a record.
pub(super) fn is_unknown_route(message: &str) -> bool {
    message.contains("does not match any route")
}

fn of_json(json: &Value) -> Option<String> {
    if let Value::String(text) = json {
        return Some(text.clone());
    }
    if let Some(fatal) = json.pointer("/messages/error").and_then(Value::as_array) {
        return Some(join(fatal.iter().filter_map(sentence)));
    }
    let errors = json.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(join([sentence(json)?].into_iter().chain(errors.iter().filter_map(sentence))))
}

fn join(sentences: impl Iterator<Item = String>) -> String {
    sentences.collect::<Vec<_>>().join(" ")
}

/// The `message` of an object, with its `parameters` put in.
fn sentence(json: &Value) -> Option<String> {
    let message = json.get("message")?.as_str()?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut values: Vec<(String, String)> = match json.get("parameters") {
        Some(Value::Object(named)) => named.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Some(Value::Array(list)) => {
            list.iter().enumerate().map(|(index, value)| ((index + 1).to_string(), text(value))).collect()
        }
        _ => Vec::new(),
    };
    // The longest name first, so that `%fieldName` is not taken for `%field`.
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut parts = message.split('%');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match values.iter().find_map(|(name, value)| Some((value, part.strip_prefix(name.as_str())?))) {
            Some((value, rest)) => filled.extend([value.as_str(), rest]),
            None => filled.extend(["%", part]),
        }
    }
    Some(filled)
}

/// The message of an XML answer, the title of an HTML page, or the text as it is.
fn of_text(text: &str) -> String {
    let between =
        |open: &str, close: &str| text.split_once(open)?.1.split_once(close).map(|(inner, _)| inner.to_owned());
    between("<message>", "</message>").or_else(|| between("<title>", "</title>")).unwrap_or_else(|| without_tags(text))
}

fn without_tags(text: &str) -> String {
    let mut parts = text.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + " " + part.split_once('>').map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn values_are_put_in() {
        for (body, wanted) in [
            (
                r#"{"message":"No such entity with %fieldName = %fieldValue",
                    "parameters":{"fieldName":"customerId","fieldValue":99}}"#,
                "No such entity with customerId = 99",
            ),
            (
                r#"{"message":"Signature method %1 is not supported","parameters":["HMAC-SHA1"]}"#,
                "Signature method HMAC-SHA1 is not supported",
            ),
            (r#"{"message":"%10 and %1","parameters":[1,2,3,4,5,6,7,8,9,"ten"]}"#, "ten and 1"),
            (r#"{"message":"%field %fieldName","parameters":{"field":"a","fieldName":"b"}}"#, "a b"),
            (r#"{"message":"100 % of %1 %","parameters":["x"]}"#, "100 % of x %"),
            (r#"{"message":"%1 again","parameters":["%1"]}"#, "%1 again"),
            (r#"{"message":"plain"}"#, "plain"),
        ] {
            assert_eq!(of(body.as_bytes()), wanted);
        }
    }

    #[test]
    fn every_shape_gives_a_sentence() {
        for (body, wanted) in [
            (
                r#"{"message":"Several","errors":[{"message":"%1 is wrong","parameters":["sku"]},{"message":"Two"}]}"#,
                "Several sku is wrong Two",
            ),
            (
                r#"{"messages":{"error":[{"code":500,"message":"Fatal"},{"code":500,"message":"Twice"}]}}"#,
                "Fatal Twice",
            ),
            ("An error has happened during application run.\n", "An error has happened during application run."),
            ("<!doctype html>\n<html><head><title>Back\n soon</title></head><body>x</body></html>", "Back soon"),
            ("<?xml version=\"1.0\"?>\n<response>\n <message>Not here</message>\n</response>", "Not here"),
            ("<p>Access <b>denied</b></p>", "Access denied"),
            (r#"{"error":"invalid_token"}"#, r#"{"error":"invalid_token"}"#),
            (r#""text""#, "text"),
            ("", "no message"),
        ] {
            assert_eq!(of(body.as_bytes()), wanted);
        }
        assert_eq!(of(&[0xff; 4]), "\u{fffd}".repeat(4));
        assert_eq!(of("\u{f8}".repeat(9000).as_bytes()).chars().count(), 500);
    }
}

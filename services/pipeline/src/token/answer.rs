//! A token endpoint's answer, in the form that the standard says.
//!
//! RFC 6749 makes `expires_in` a number and `token_type` a must. Endpoints send the number as a text, or with a point,
//! and leave the type out. Only what is used is kept, so that nothing else of the answer can be in the way.

use std::time::Duration;

use serde_json::{Value, json};

/// The answer with a token as the standard says it; `None` when there is no token in it.
pub(super) fn plain(said: &Value) -> Option<Value> {
    let token = said.get("access_token")?.as_str()?;
    let kind = said.get("token_type").and_then(Value::as_str).unwrap_or("bearer");
    let mut plain = json!({ "access_token": token, "token_type": kind });
    if let (Some(life), Some(fields)) = (said.get("expires_in").and_then(seconds), plain.as_object_mut()) {
        fields.insert("expires_in".to_owned(), life.into());
    }
    Some(plain)
}

/// Whole seconds of a number or of a text with one. A life that cannot be read is as one that is not told.
fn seconds(value: &Value) -> Option<u64> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    text.parse().ok().or_else(|| Duration::try_from_secs_f64(text.parse().ok()?).ok().map(|life| life.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_in_every_spelling_and_never_made_up() {
        for (life, wanted) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3599.9"), Some(3599)),
            (json!(-1), None),
            (json!("1h"), None),
            (json!("NaN"), None),
            (json!(null), None),
            (json!({}), None),
        ] {
            let said = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": life, "scope": ["a"] });
            let plain = plain(&said).expect("a token");
            assert_eq!(plain.get("expires_in").and_then(Value::as_u64), wanted, "{life}");
            assert_eq!((&plain["access_token"], &plain["token_type"]), (&json!("t"), &json!("Bearer")));
            assert!(plain.get("scope").is_none());
        }
    }

    #[test]
    fn without_a_token_it_stays_what_it_is() {
        assert_eq!(plain(&json!({ "error": "invalid_client" })), None);
        assert_eq!(plain(&json!({ "access_token": 7 })), None);
        assert_eq!(plain(&json!({ "access_token": "t" })).expect("a token")["token_type"], "bearer");
    }
}

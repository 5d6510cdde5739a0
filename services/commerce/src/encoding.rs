//! Percent-encoding as RFC 3986 says and Commerce signs: everything but the unreserved characters, capital digits.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// All but `A-Z a-z 0-9 - . _ ~` (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes everything but the unreserved characters: a space is `%20`, never `+`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Decodes `%XX`; `+` stays a plus. `None` when a `%` begins no escape.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let escapes_are_whole = text.split('%').skip(1).all(|after| {
        after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    escapes_are_whole.then(|| percent_decode_str(text).collect())
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode(b"aZ09-._~"), "aZ09-._~");
        assert_eq!(encode(b" +%&=/'()*![]:,"), "%20%2B%25%26%3D%2F%27%28%29%2A%21%5B%5D%3A%2C");
        assert_eq!(encode("\u{f8}".as_bytes()), "%C3%B8");
    }

    #[test]
    fn decoding_is_the_way_back() {
        assert_eq!(decode("%5b%5B+%20%C3%B8").as_deref(), Some("[[+ \u{f8}".as_bytes()));
        for broken in ["%", "a%2", "%zz", "%%20"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}

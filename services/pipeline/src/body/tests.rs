use async_nats::HeaderMap;
use bytes::Bytes;

use super::{BodyError, LARGE, pack, unpack};

fn of(length: usize) -> Bytes {
    "{\"sku\":\"Støvel\"},".bytes().cycle().take(length).collect()
}

#[test]
fn small_bodies_go_as_they_are() {
    for length in [0, 1, LARGE] {
        let mut headers = HeaderMap::new();
        let body = of(length);
        assert_eq!(pack(&mut headers, &body), body);
        assert!(headers.is_empty(), "{headers:?}");
        assert_eq!(unpack(&headers, &body).unwrap(), body);
    }
}

#[test]
fn large_bodies_are_compressed_and_come_back() {
    for length in [LARGE + 1, 12 * 1024 * 1024] {
        let mut headers = HeaderMap::new();
        let body = of(length);
        let packed = pack(&mut headers, &body);
        assert!(packed.len() < 8 * 1024 * 1024 && packed.len() < body.len(), "{}", packed.len());
        assert_eq!(headers.get("Content-Encoding").map(|v| v.as_str()), Some("gzip"));
        assert!(unpack(&headers, &packed).unwrap() == body);
    }
}

#[test]
fn a_damaged_body_is_told_and_not_half_read() {
    let mut headers = HeaderMap::new();
    let packed = pack(&mut headers, &of(LARGE + 1));
    for damaged in [packed.slice(..packed.len() - 9), Bytes::from_static(b"no gzip"), Bytes::new()] {
        assert!(matches!(unpack(&headers, &damaged), Err(BodyError::Damaged(_))));
    }
}

use async_nats::HeaderMap;
use bytes::Bytes;

use super::{BodyError, LARGE, LIMIT, pack, unpack, unpacked};

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

/// A body of spaces in so many megabytes, packed.
fn bomb(megabytes: usize) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    let packed = pack(&mut headers, &Bytes::from(vec![b' '; megabytes << 20]));
    assert!(packed.len() < 2 << 20, "{}", packed.len());
    (headers, packed)
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked_whole() {
    let megabytes = usize::try_from(LIMIT >> 20).unwrap();
    let (headers, packed) = bomb(megabytes);
    assert_eq!(unpack(&headers, &packed).unwrap().len(), megabytes << 20);
    let (headers, packed) = bomb(megabytes + 1);
    assert!(matches!(unpack(&headers, &packed), Err(BodyError::TooLarge)));
}

#[tokio::test]
async fn no_more_than_two_bodies_are_held_unpacked() {
    let (headers, packed) = bomb(8);
    let one = unpacked(&headers, &packed).await.unwrap();
    let two = unpacked(&headers, &packed).await.unwrap();
    let third = unpacked(&headers, &packed);
    let mut third = std::pin::pin!(third);
    let soon = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(soon, &mut third).await.is_err(), "a third body is held");
    drop(one.slice(..9));
    assert!(tokio::time::timeout(soon, &mut third).await.is_err(), "a part was dropped, and not the body");
    drop(one);
    assert_eq!(third.await.unwrap().len(), two.len());
    assert!(unpacked(&HeaderMap::new(), &packed).await.unwrap() == packed);
}

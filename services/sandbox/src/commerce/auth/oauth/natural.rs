//! PHP's `strnatcmp`, with which 2.4.7 sorts the parameters of the signature base string.
//!
//! RFC 5849 (section 3.4.1.3.2) wants byte order. Both agree while every array index in a query stays below ten; from
//! ten on they do not (`…[2]…` sorts before `…[10]…` here), and a client that signs by the RFC is refused. This is a
//! quirk that was measured, so it is kept.

use std::cmp::Ordering;

/// Compares as `strnatcmp(a, b)` does, bytes with digit runs by value.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        a = skip(a);
        b = skip(b);
        if digit(a) && digit(b) {
            let fractional = a.first() == Some(&b'0') || b.first() == Some(&b'0');
            let (order, rest_a, rest_b) = if fractional { from_left(a, b) } else { from_right(a, b) };
            if order.is_ne() || rest_a.is_empty() || rest_b.is_empty() {
                return order.then(rest_a.len().cmp(&rest_b.len()));
            }
            (a, b) = (rest_a, rest_b);
        }
        match (a.split_first(), b.split_first()) {
            (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
            (x, y) => return x.map(|(byte, _)| byte).cmp(&y.map(|(byte, _)| byte)),
        }
    }
}

/// Leaves out zeros that lead a digit run, then white space.
fn skip(mut text: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = text
        && digit(rest)
    {
        text = rest;
    }
    text.trim_ascii_start()
}

fn digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// The longer run wins; of equally long ones the first difference decides.
fn from_right<'t>(mut a: &'t [u8], mut b: &'t [u8]) -> (Ordering, &'t [u8], &'t [u8]) {
    let mut bias = Ordering::Equal;
    loop {
        match (digit(a), digit(b)) {
            (false, false) => return (bias, a, b),
            (false, true) => return (Ordering::Less, a, b),
            (true, false) => return (Ordering::Greater, a, b),
            (true, true) => bias = bias.then(a.first().cmp(&b.first())),
        }
        (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
    }
}

/// Digit by digit, as decimals behind a point are compared.
fn from_left<'t>(mut a: &'t [u8], mut b: &'t [u8]) -> (Ordering, &'t [u8], &'t [u8]) {
    loop {
        match (digit(a), digit(b)) {
            (false, false) => return (Ordering::Equal, a, b),
            (false, true) => return (Ordering::Less, a, b),
            (true, false) => return (Ordering::Greater, a, b),
            (true, true) if a.first() != b.first() => return (a.first().cmp(&b.first()), a, b),
            (true, true) => (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default()),
        }
    }
}

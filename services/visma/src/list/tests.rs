use super::*;

fn page(rows: usize, total: u64) -> Page<Value> {
    Page { rows: vec![Value::Null; rows], total: Some(total), max_page_size: Some(500), unshown: 0 }
}

fn read(body: &str) -> Result<Page<Row>, NotAList> {
    Page::read(&Bytes::copy_from_slice(body.as_bytes()))
}

fn texts(page: &Page<Row>) -> Vec<&str> {
    page.rows.iter().map(Row::text).collect()
}

#[test]
fn three_shapes_are_one_page() {
    let bare =
        read(r#"[{"number": "1", "metadata": {"totalCount": 2, "maxPageSize": 500}}, {"number": "2"}]"#).unwrap();
    assert_eq!((bare.rows.len(), bare.total, bare.max_page_size), (2, Some(2), Some(500)));

    let envelope = r#" {"pageNumber":1,"pageSize":50,"totalCount":7,"records":[{"id":"30"}]}"#;
    for body in [envelope.to_owned(), format!("[{envelope}]")] {
        let page = read(&body).unwrap();
        assert_eq!((texts(&page), page.total, page.max_page_size), (vec![r#"{"id":"30"}"#], Some(7), None));
    }

    for empty in ["[]", "{}", " { }\n"] {
        assert_eq!(read(empty).unwrap().rows.len(), 0, "{empty}");
    }
    assert_eq!(texts(&read(r#"[{"number":"1"}]"#).unwrap()), [r#"{"number":"1"}"#]);
    assert_eq!(texts(&read(r#"[{"records":1}]"#).unwrap()), [r#"{"records":1}"#]);
    let empty = Page { rows: Vec::new(), total: Some(0), max_page_size: None, unshown: 0 };
    for none in [r#"{"totalCount":0,"records":null}"#, r#"{"totalCount":0}"#, r#"[{"totalCount":0,"records":null}]"#] {
        assert_eq!(read(none), Ok(empty.clone()), "{none}");
    }
    assert_eq!(read(r#"{"totalCount":2,"records":null}"#), Err(NotAList), "rows that are announced are missing");
    for other in [r#"{"message":"no"}"#, "null", "\"x\"", r#"{"records":1}"#, "", "<html>", r#"[{"number":"#] {
        assert_eq!(read(other), Err(NotAList), "{other}");
    }
}

#[test]
fn a_row_is_the_text_that_was_sent_and_a_part_of_the_answer() {
    let body = Bytes::from_static(b"[ {\"amount\": 1800.0000,\n\"name\": \"\\u00d8re \xc3\xb8\"} , 7 ]");
    let page = Page::<Row>::read(&body).unwrap();
    assert_eq!(texts(&page), ["{\"amount\": 1800.0000,\n\"name\": \"\\u00d8re \u{f8}\"}", "7"]);
    assert!(body.as_ptr_range().contains(&page.rows[0].text().as_ptr()), "it was copied");
}

#[test]
fn a_walk_ends_with_the_total() {
    let mut pager = Pager::new(100);
    assert_eq!(pager.take(&page(500, 1100)), Turn::Fetch(2));
    assert_eq!(pager.take(&page(500, 1100)), Turn::Fetch(3));
    assert_eq!(pager.take(&page(100, 1100)), Turn::Drained { settled: true });
    assert_eq!(Pager::new(100).take(&page(0, 0)), Turn::Drained { settled: true });
}

#[test]
fn a_walk_without_a_total_ends_with_an_empty_page() {
    let rows = Page { rows: vec![(); 3], total: None, max_page_size: None, unshown: 0 };
    let mut pager = Pager::new(100);
    assert_eq!(pager.take(&rows), Turn::Fetch(2));
    assert_eq!(pager.take(&Page { rows: Vec::new(), ..rows }), Turn::Drained { settled: true });
}

#[test]
fn a_total_that_moves_begins_the_walk_again() {
    let mut pager = Pager::new(100);
    assert_eq!(pager.take(&page(500, 1000)), Turn::Fetch(2));
    assert_eq!(pager.take(&page(500, 1001)), Turn::Fetch(1));
    assert_eq!(pager.take(&page(500, 1001)), Turn::Fetch(2));
    assert_eq!(pager.take(&page(500, 1001)), Turn::Fetch(3));
    assert_eq!(pager.take(&page(1, 1001)), Turn::Drained { settled: true });
}

#[test]
fn rows_that_are_missing_at_the_end_begin_the_walk_again() {
    let mut pager = Pager::new(100);
    assert_eq!(pager.take(&page(500, 1000)), Turn::Fetch(2));
    assert_eq!(pager.take(&Page { total: None, ..page(0, 0) }), Turn::Fetch(1));
}

#[test]
fn a_list_that_never_stands_still_is_read_and_not_believed() {
    let mut pager = Pager::new(100);
    let (mut total, mut turns) = (1000, 0);
    let end = loop {
        turns += 1;
        total += 1;
        match pager.take(&page(500, total)) {
            Turn::Fetch(_) => assert!(turns < 50),
            end => break end,
        }
    };
    assert_eq!(end, Turn::Drained { settled: false });
}

#[test]
fn a_walk_has_a_limit() {
    let mut pager = Pager::new(2);
    assert_eq!(pager.take(&page(10, 1000)), Turn::Fetch(2));
    assert_eq!(pager.take(&page(10, 1000)), Turn::TooLong);
}

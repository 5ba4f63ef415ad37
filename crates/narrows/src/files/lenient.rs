//! What a file says that this narrows does not know, because a later one wrote it.

use serde_json::{Map, Value};

/// An object of what a file says and a record of it, written again, does not: keys that are unknown, and values that were not
/// understood. Keys of objects within are looked at too.
pub(super) fn unread(file: &Value, record: &Value) -> Map<String, Value> {
    let (Value::Object(file), Value::Object(record)) = (file, record) else { return Map::new() };
    let rest = |(key, value): (&String, &Value)| {
        let rest = match (value, record.get(key)) {
            // An optional value that is not there.
            (Value::Null, _) => return None,
            (Value::Object(_), Some(known @ Value::Object(_))) => Value::Object(unread(value, known)),
            (_, Some(known)) if value == known => return None,
            _ => return Some((key.clone(), value.clone())),
        };
        rest.as_object().is_some_and(|rest| !rest.is_empty()).then(|| (key.clone(), rest))
    };
    file.iter().filter_map(rest).collect()
}

/// Puts what was not understood back to where it was.
pub(super) fn put_back(unread: &Map<String, Value>, record: &mut Value) {
    let Value::Object(record) = record else { return };
    for (key, value) in unread {
        match (value, record.get_mut(key)) {
            (Value::Object(value), Some(known @ Value::Object(_))) => put_back(value, known),
            _ => drop(record.insert(key.clone(), value.clone())),
        }
    }
}

/// The paths of keys in a file that a record of it does not have: `input.schema.units`. Values are not compared.
pub(super) fn unknown_keys(file: &Value, record: &Value) -> Vec<String> {
    let (Value::Object(file), Value::Object(record)) = (file, record) else { return Vec::new() };
    let below = |(key, value): (&String, &Value)| match record.get(key) {
        _ if value.is_null() => Vec::new(),
        None => vec![key.clone()],
        Some(known) => unknown_keys(value, known).iter().map(|rest| format!("{key}.{rest}")).collect(),
    };
    file.iter().flat_map(below).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_comes_back_to_its_place() {
        let file = json!({ "a": 1, "b": { "c": 2, "d": 3, "e": null }, "f": { "g": [1] }, "h": "x" });
        let mut record = json!({ "a": 1, "b": { "c": 2 }, "f": null, "h": "y" });
        let rest = unread(&file, &record);
        assert_eq!(Value::Object(rest.clone()), json!({ "b": { "d": 3 }, "f": { "g": [1] }, "h": "x" }));
        put_back(&rest, &mut record);
        assert_eq!(record, json!({ "a": 1, "b": { "c": 2, "d": 3 }, "f": { "g": [1] }, "h": "x" }));
        assert!(unread(&file, &file).is_empty());
    }

    #[test]
    fn unknown_keys_are_told_by_their_paths() {
        let file = json!({ "a": 1, "b": { "c": 2, "d": { "e": 3 } }, "f": null, "g": 4 });
        let record = json!({ "a": 2, "b": { "d": {} } });
        assert_eq!(unknown_keys(&file, &record), ["b.c", "b.d.e", "g"]);
    }
}

// SPDX-License-Identifier: GPL-2.0-only
//! Reads the rule that a C compiler's -MMD writes.

/// The prerequisites of `target: a b\ c …`, unescaped.
pub fn inputs(rule: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path = String::new();
    let mut chars = rule.split_once(':').map_or("", |(_, rest)| rest).chars().peekable();

    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('$', Some('$')) | ('\\', Some(' ' | '#')) => path.extend(chars.next()),
            ('\\', Some('\n')) => finish(&mut path, &mut paths),
            (' ' | '\n', _) => finish(&mut path, &mut paths),
            _ => path.push(c),
        }
    }
    finish(&mut path, &mut paths);
    paths
}

fn finish(path: &mut String, paths: &mut Vec<String>) {
    if !path.is_empty() {
        paths.push(std::mem::take(path));
    }
}

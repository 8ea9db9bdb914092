//! Tables, as `Format-Table` of PowerShell writes them.

use super::properties::{Properties, known};

/// Returns the rows of a table; `None` if no line of dashes follows a header with a known property.
///
/// # Errors
/// Returns a message if PowerShell has cut a value.
pub(super) fn objects(text: &str) -> Result<Option<Vec<Properties>>, String> {
    let lines: Vec<Vec<char>> =
        text.lines().map(|line| line.trim_end().chars().collect()).collect();
    let is_dashes = |line: &&[char]| {
        line.contains(&'-') && line.iter().all(|char| *char == '-' || *char == ' ')
    };
    let mut pairs = lines.iter().zip(lines.iter().skip(1)).zip(2_usize..);
    let found = pairs.find(|((header, dashes), _)| {
        let header: String = header.iter().collect();
        is_dashes(&dashes.as_slice()) && header.split_whitespace().any(|name| known(name).is_some())
    });
    let Some(((header, dashes), first)) = found else { return Ok(None) };
    let starts: Vec<usize> = (0..dashes.len())
        .filter(|at| {
            dashes.get(*at) == Some(&'-') && (*at == 0 || dashes.get(at - 1) == Some(&' '))
        })
        .collect();
    let names = cells(header, &starts);
    let mut objects = Vec::new();
    for line in lines.iter().skip(first).take_while(|line| !line.is_empty()) {
        let cells = cells(line, &starts);
        for (name, cell) in names.iter().zip(&cells) {
            if known(name).is_some() && (cell.ends_with("...") || cell.ends_with('…')) {
                return Err(format!(
                    "It is a table in which {name} is cut: write the output with `| Format-List`, \
                     or with `| ConvertTo-Json`."
                ));
            }
        }
        objects.push(names.iter().cloned().zip(cells).collect());
    }
    Ok(Some(objects))
}

/// Returns the cells of a line. Columns begin at `starts`; a number that is aligned to the right
/// begins before.
fn cells(line: &[char], starts: &[usize]) -> Vec<String> {
    let is_text = |at: usize| line.get(at).is_some_and(|char| *char != ' ');
    let bound = |start: usize| {
        let mut at = start;
        while at > 0 && is_text(at) && is_text(at - 1) {
            at -= 1;
        }
        at
    };
    let bounds: Vec<usize> =
        starts.iter().enumerate().map(|(nr, at)| if nr == 0 { 0 } else { bound(*at) }).collect();
    let ends = bounds.iter().skip(1).copied().chain([line.len()]);
    let cell = |(start, end): (&usize, usize)| {
        let cell = line.get(*start..end.min(line.len())).unwrap_or_default();
        cell.iter().collect::<String>().trim().to_owned()
    };
    bounds.iter().zip(ends).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_aligned_to_the_right_are_in_their_column() {
        let text = "Name  Status KeyIdentifier\n----  ------ -------------\na b    12345 x\nlong       1 y z\n";
        let rows = objects(text).unwrap().unwrap();
        let cells = |row: &Properties| row.iter().map(|(_, cell)| cell.clone()).collect::<Vec<_>>();
        assert_eq!(cells(&rows[0]), ["a b", "12345", "x"]);
        assert_eq!(cells(&rows[1]), ["long", "1", "y z"]);
    }
}

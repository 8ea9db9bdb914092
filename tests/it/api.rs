//! `docs/public-api.txt` lists the public API as the sources declare it.
//!
//! The list follows `pub use` of `src/lib.rs`. It is read with `syn`, because the JSON of rustdoc needs
//! an unstable compiler. Items that macros of this crate generate are listed as their declaration,
//! and the public functions of those macros once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, ItemMacro, TraitItem, UseTree, Visibility};

/// Macros whose invocations declare public items, or which implement public functions.
const MACROS: [&str; 5] = ["vocabulary", "codes", "limits", "serde_by_name", "read_at_by_pointer"];

/// For each public name its declarations, in the order item, functions, traits.
#[derive(Default)]
struct Api {
    names: BTreeSet<String>,
    lines: BTreeMap<String, Vec<String>>,
    /// The features that the file at hand needs.
    condition: String,
}

/// Returns tokens as text, with the spacing of source code.
fn text(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" <", "<"),
        (" > ", "> "),
        (" >", ">"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        (" :", ":"),
        ("- >", "->"),
        (")->", ") ->"),
        ("[ ", "["),
        (" ]", "]"),
        (" ->", " ->"),
        (",)", ")"),
        (" !", "!"),
    ] {
        text = text.replace(from, to);
    }
    text.replace('\n', " ")
}

/// Returns the features that the item needs, as a prefix.
fn features(attributes: &[Attribute]) -> String {
    let of = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    of.map(|attribute| format!("[{}] ", text(&attribute.meta.require_list().unwrap().tokens)))
        .collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            files.push(path);
        }
    }
}

impl Api {
    fn add(&mut self, name: &str, line: String) {
        let line = format!("{}{line}", self.condition);
        self.lines.entry(name.to_owned()).or_default().push(line);
    }

    fn export(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.export(&path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.export(tree)),
            UseTree::Name(name) => _ = self.names.insert(name.ident.to_string()),
            UseTree::Rename(rename) => _ = self.names.insert(rename.rename.to_string()),
            UseTree::Glob(_) => panic!("`pub use` of all names hides what is public"),
        }
    }

    /// Adds the derived traits.
    fn derives(&mut self, name: &str, attributes: &[Attribute]) {
        for attribute in attributes {
            let is_conditional = attribute.path().is_ident("cfg_attr");
            if attribute.path().is_ident("derive") || is_conditional {
                let list = text(&attribute.meta.require_list().unwrap().tokens);
                let line = if is_conditional { list } else { format!("derive({list})") };
                self.add(name, line);
            }
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                let generics = text(&item.generics);
                self.add(&name, format!("{}struct {name}{generics}", features(&item.attrs)));
                if let Fields::Named(fields) = &item.fields {
                    for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                        let (field, kind) = (field.ident.as_ref().unwrap(), text(&field.ty));
                        self.add(&name, format!("    {field}: {kind}"));
                    }
                }
                self.derives(&name, &item.attrs);
            }
            Item::Enum(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                let generics = text(&item.generics);
                self.add(&name, format!("{}enum {name}{generics}", features(&item.attrs)));
                for variant in &item.variants {
                    self.add(&name, format!("    {}{}", variant.ident, text(&variant.fields)));
                }
                self.derives(&name, &item.attrs);
            }
            Item::Trait(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                self.add(&name, format!("{}trait {name}", features(&item.attrs)));
                for item in &item.items {
                    let TraitItem::Fn(function) = item else { panic!("an item of {name}") };
                    let kind = if function.default.is_some() { "provided" } else { "required" };
                    self.add(&name, format!("    {kind} {}", text(&function.sig)));
                }
            }
            Item::Fn(item) if self.is_exported(&item.sig.ident.to_string(), &item.vis) => {
                let name = item.sig.ident.to_string();
                self.add(&name, format!("{}{}", features(&item.attrs), text(&item.sig)));
            }
            Item::Const(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                let value = text(&item.expr);
                self.add(&name, format!("const {name}: {} = {value}", text(&item.ty)));
            }
            Item::Static(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                self.add(&name, format!("static {name}: {}", text(&item.ty)));
            }
            Item::Type(item) if self.is_exported(&item.ident.to_string(), &item.vis) => {
                let name = item.ident.to_string();
                let generics = text(&item.generics);
                self.add(&name, format!("type {name}{generics} = {}", text(&item.ty)));
            }
            Item::Impl(item) => self.implementation(item),
            Item::Macro(item) => self.macro_call(item),
            _ => {}
        }
    }

    fn is_exported(&self, name: &str, visibility: &Visibility) -> bool {
        is_public(visibility) && self.names.contains(name)
    }

    fn implementation(&mut self, item: &ItemImpl) {
        let kind = text(&item.self_ty);
        // `&'a Report` and `PartialEq<str> for ErrorCode` belong to the named type.
        let named = kind.rsplit("::").next().unwrap_or_default().trim_start_matches(['&', ' ']);
        let named = named.trim_start_matches("'a ");
        let name = named.split(['<', ' ']).next().unwrap_or_default().to_owned();
        let condition = features(&item.attrs);
        if let Some((path, ..)) = &item.trait_ {
            let last = path_name(&text(path));
            if self.names.contains(&name) || self.names.contains(&last) {
                let owner = if self.names.contains(&name) { name } else { last };
                let generics = text(&item.generics);
                let line = format!("{condition}impl{generics} {} for {kind}", text(path));
                self.add(&owner, line);
            }
            return;
        }
        if !self.names.contains(&name) {
            return;
        }
        for item in &item.items {
            match item {
                ImplItem::Fn(function) if is_public(&function.vis) => {
                    let condition = format!("{condition}{}", features(&function.attrs));
                    self.add(&name, format!("{condition}{}", text(&function.sig)));
                }
                ImplItem::Const(item) if is_public(&item.vis) => {
                    self.add(&name, format!("{condition}const {}: {}", item.ident, text(&item.ty)));
                }
                _ => {}
            }
        }
    }

    fn macro_call(&mut self, item: &ItemMacro) {
        let called = path_name(&text(&item.mac.path));
        let tokens = item.mac.tokens.to_string();
        if let Some(defined) = item.ident.as_ref().map(ToString::to_string) {
            if MACROS.contains(&defined.as_str()) {
                for line in declarations(&tokens) {
                    self.add(&format!("{defined}!"), line);
                }
            }
            return;
        }
        match called.as_str() {
            "vocabulary" => {
                let (head, list) = without_attributes(&tokens);
                let (_, name) = head.split_once("enum ").unwrap();
                let name = name.trim().to_owned();
                if head.trim_start().starts_with("pub enum") && self.names.contains(&name) {
                    self.add(&name, format!("vocabulary! enum {name}"));
                    list.split(',').map(str::trim).filter(|row| !row.is_empty()).for_each(|row| {
                        self.add(&name, format!("    {row}"));
                    });
                }
            }
            "codes" | "limits" => {
                let (name, separator) =
                    if called == "codes" { ("ErrorCode", ',') } else { ("Limits", ';') };
                let rows = strip_attributes(&tokens).replace(['{', '}'], ",");
                for row in rows.split(separator).flat_map(|row| row.split(',')) {
                    if !row.trim().is_empty() {
                        self.add(name, format!("    {called}! {}", row.trim()));
                    }
                }
            }
            "serde_by_name" => self.add(tokens.trim(), "serde_by_name!".to_owned()),
            _ => {}
        }
    }
}

fn path_name(path: &str) -> String {
    let end = path.split('<').next().unwrap_or_default();
    end.rsplit("::").next().unwrap_or_default().trim().to_owned()
}

/// Removes attributes, which documentation comments are too.
fn strip_attributes(tokens: &str) -> String {
    let stream: proc_macro2::TokenStream = tokens.parse().unwrap();
    fn strip(stream: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
        let mut kept = Vec::new();
        let mut tokens = stream.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                proc_macro2::TokenTree::Punct(ref punct) if punct.as_char() == '#' => {
                    tokens.next();
                }
                proc_macro2::TokenTree::Group(group) => {
                    let inner = strip(group.stream());
                    kept.push(proc_macro2::Group::new(group.delimiter(), inner).into());
                }
                token => kept.push(token),
            }
        }
        kept.into_iter().collect()
    }
    strip(stream).to_string()
}

/// Returns the head and the list in braces of a declaration.
fn without_attributes(tokens: &str) -> (String, String) {
    let plain = strip_attributes(tokens);
    let (head, list) = plain.split_once('{').unwrap();
    (head.trim().to_owned(), list.trim_end().trim_end_matches('}').to_owned())
}

/// Returns the declarations in the body of a macro: public functions and constants, and the traits
/// that it implements.
fn declarations(body: &str) -> Vec<String> {
    let words: Vec<&str> = body.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let rest = &words[at..];
        let end = rest.iter().position(|word| *word == "{" || *word == ";" || *word == "=");
        let line = rest[..end.unwrap_or(rest.len()).min(60)].join(" ");
        let is_function = *word == "pub" && ["fn", "const"].contains(&words[at + 1]);
        let is_trait = *word == "impl" && line.contains(" for ") && at > 0;
        if is_function || is_trait {
            found.push(line);
        }
    }
    found
}

/// Returns the module path of a source file.
fn module(root: &Path, file: &Path) -> Vec<String> {
    let path = file.strip_prefix(root.join("src")).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod" && name != "lib").collect()
}

/// Returns the features that a module needs, for each module that needs any.
fn module_conditions(files: &[(Vec<String>, syn::File)]) -> BTreeMap<Vec<String>, String> {
    let mut conditions = BTreeMap::new();
    for (parent, file) in files {
        for item in &file.items {
            let Item::Mod(module) = item else { continue };
            let condition = features(&module.attrs);
            if !condition.is_empty() {
                conditions.insert([&parent[..], &[module.ident.to_string()]].concat(), condition);
            }
        }
    }
    conditions
}

#[test]
fn public_api_equals_the_committed_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parse = |path: &Path| syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
    let mut api = Api::default();
    for item in parse(&root.join("src/lib.rs")).items {
        match item {
            Item::Use(item) if is_public(&item.vis) => api.export(&item.tree),
            _ => {}
        }
    }
    let mut paths = Vec::new();
    source_files(&root.join("src"), &mut paths);
    let files: Vec<_> = paths.iter().map(|path| (module(root, path), parse(path))).collect();
    let conditions = module_conditions(&files);
    for (module, file) in &files {
        let above = (1..=module.len()).filter_map(|len| conditions.get(&module[..len]));
        api.condition = above.map(String::as_str).collect();
        file.items.iter().for_each(|item| api.item(item));
    }
    let undeclared: Vec<&String> =
        api.names.iter().filter(|name| !api.lines.contains_key(*name)).collect();
    assert_eq!(undeclared, Vec::<&String>::new(), "exported, and not found in the sources");
    let mut listed = String::new();
    for (name, lines) in &api.lines {
        listed += &format!("{name}\n");
        for line in lines {
            listed += &format!("  {line}\n");
        }
    }
    let path = root.join("docs/public-api.txt");
    if std::env::var_os("RMSIGHT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &listed).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let difference = |one: &str, other: &str| -> Vec<String> {
        let other: BTreeSet<&str> = other.lines().collect();
        one.lines().filter(|line| !other.contains(line)).map(str::to_owned).collect()
    };
    let (added, removed) = (difference(&listed, &committed), difference(&committed, &listed));
    assert!(
        listed == committed,
        "the public API changed; RMSIGHT_BLESS=1 updates docs/public-api.txt\n\
         added: {added:#?}\nremoved: {removed:#?}"
    );
}

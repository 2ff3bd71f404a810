package markup

import (
	"encoding/json"
	"html"
	"strings"
)

// maxDepth bounds how deep JSON-LD is looked through.
const maxDepth = 8

// readJSONLD reads the first article of a JSON-LD script: https://schema.org/Article and what is derived from it, alone, in a list, or in an @graph, where what
// it refers to by @id may stand beside it.
func (m *meta) readJSONLD(text string) {
	text = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "<!--"), "-->")
	var value any
	// Line breaks within strings are the commonest mistake.
	if err := json.Unmarshal([]byte(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(text)), &value); err != nil {
		return
	}
	ids := map[string]map[string]any{}
	var articles []map[string]any
	collect(value, 0, func(object map[string]any) {
		if id, ok := object["@id"].(string); ok && len(object) > 1 {
			ids[id] = object
		}
		switch {
		case isType(object, "WebSite") && m.site == "":
			m.site = str(object["name"])
		case isArticle(object):
			articles = append(articles, object)
		}
	})
	if len(articles) > 0 {
		m.readArticle(articles[0], ids)
	}
}

func collect(value any, depth int, found func(map[string]any)) {
	if depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			collect(item, depth+1, found)
		}
	case map[string]any:
		found(v)
		for _, key := range []string{"@graph", "mainEntity", "mainEntityOfPage", "publisher", "author", "isPartOf"} {
			collect(v[key], depth+1, found)
		}
	}
}

func isType(object map[string]any, suffix string) bool {
	types, ok := object["@type"].([]any)
	if !ok {
		types = []any{object["@type"]}
	}
	for _, t := range types {
		if name, ok := t.(string); ok && strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

func isArticle(object map[string]any) bool {
	for _, suffix := range []string{"Article", "BlogPosting", "Report", "SocialMediaPosting"} {
		if isType(object, suffix) {
			return true
		}
	}
	return false
}

func (m *meta) readArticle(object map[string]any, ids map[string]map[string]any) {
	first := func(field *string, keys ...string) {
		for _, key := range keys {
			if *field == "" {
				*field = flow(str(object[key]))
			}
		}
	}
	if title := flow(str(object["headline"])); title != "" {
		m.titles = append(m.titles, title)
	}
	first(&m.subtitle, "alternativeHeadline")
	first(&m.published, "datePublished", "dateCreated")
	first(&m.modified, "dateModified")
	first(&m.section, "articleSection")
	m.body = str(object["articleBody"])
	if m.site == "" {
		m.site = nameOf(object["publisher"], ids)
	}
	if len(m.authors) == 0 {
		for _, author := range list(object["author"]) {
			m.authors = append(m.authors, authorsIn(nameOf(author, ids))...)
		}
	}
	if len(m.keywords) == 0 {
		for _, word := range list(object["keywords"]) {
			m.keywords = append(m.keywords, splitWords(nameOf(word, ids))...)
		}
	}
	for _, key := range []string{"mainEntityOfPage", "url"} {
		address := str(object[key])
		if page, ok := object[key].(map[string]any); ok {
			address = str(page["@id"])
		}
		if address != "" {
			m.address = append(m.address, address)
		}
	}
}

// nameOf is the name of a person or body: a string, an object, or a reference to one.
func nameOf(value any, ids map[string]map[string]any) string {
	if object, ok := value.(map[string]any); ok {
		if named := str(object["name"]); named != "" {
			return flow(named)
		}
		if id, ok := object["@id"].(string); ok {
			return flow(str(ids[id]["name"]))
		}
	}
	return flow(str(value))
}

func str(value any) string {
	switch v := value.(type) {
	case string:
		return html.UnescapeString(v) // many a title is escaped for the page, too
	case []any:
		if len(v) > 0 {
			return str(v[0])
		}
	}
	return ""
}

func list(value any) []any {
	if l, ok := value.([]any); ok {
		return l
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

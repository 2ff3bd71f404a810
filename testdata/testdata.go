// Package testdata holds the sample corpus: archive pages that we wrote, about people and places that do not exist.
// The demo is built with it, so that the binary alone can show what akin does.
package testdata

import "embed"

// News holds the pages in its folder news.
//
//go:embed news/*.txt
var News embed.FS

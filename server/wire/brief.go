package wire

import "strings"

// maxQuoted bytes of an error are told: it may quote what a caller sent, and travels in a header.
const maxQuoted = 1000

// Brief is the begin of what a caller is told of an error.
func Brief(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "…"
}

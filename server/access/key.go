package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/akinserver/akin"
)

// Scope is what a caller may do; each includes those before it.
type Scope int

// The scopes.
const (
	Anyone Scope = iota // as what a call needs: no key
	Read                // ask, and read articles
	Write               // put and delete articles
	Admin               // everything, in all corpora
)

var scopes = [...]string{"anyone", "read", "write", "admin"}

func (s Scope) String() string {
	if s < Anyone || s > Admin {
		return fmt.Sprintf("Scope(%d)", int(s))
	}
	return scopes[s]
}

// MarshalText writes a scope as its word.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the scope of a key.
func (s *Scope) UnmarshalText(b []byte) error {
	for scope := Read; scope <= Admin; scope++ {
		if scopes[scope] == string(b) {
			*s = scope
			return nil
		}
	}
	return fmt.Errorf("%q is no scope: read, write and admin are", b)
}

// Key is what the file of keys holds of one: all but the key.
type Key struct {
	ID      string    `json:"id"`                // names it in lists and logs, and is no secret
	Hash    string    `json:"hash"`              // SHA-256 of the key, in hexadecimal
	Scope   Scope     `json:"scope"`             //
	Corpus  string    `json:"corpus,omitempty"`  // the one that it is good for; empty for Admin, which is good for all
	Origins []string  `json:"origins,omitempty"` // of the pages that may use it; any caller may if there are none
	Rate    float64   `json:"rate,omitempty"`    // calls a second; 0 for what the server allows every key
	Note    string    `json:"note,omitempty"`    // for people
	Created time.Time `json:"created"`           //
	Old     *Old      `json:"old,omitempty"`     // what it was before it was rotated, while that is still good
}

// Old is a key that another has replaced.
type Old struct {
	Hash  string    `json:"hash"`
	Until time.Time `json:"until"`
}

// A key is akin_ID_SECRET. The first word lets scanners for leaked secrets know it; of the secret's 26 letters each is worth 5 bits, so that a plain digest of it cannot be
// turned back by trying.
const (
	prefix   = "akin_"
	idLength = 10
)

// generate makes a new secret for an id, and a new id if there is none. It returns the key, which is stored nowhere, and its id and hash.
func generate(id string) (key, _, hash string) {
	if id == "" {
		id = strings.ToLower(rand.Text()[:idLength])
	}
	key = prefix + id + "_" + strings.ToLower(rand.Text())
	return key, id, digest(key)
}

func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// idOf is the id that a key claims to have; empty where it has not the form of one.
func idOf(key string) string {
	rest, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "_")
	return id
}

// opens tells whether a key with this digest is this one. How long that takes tells nothing of the stored hash.
func (k *Key) opens(digest string, now time.Time) bool {
	if subtle.ConstantTimeCompare([]byte(k.Hash), []byte(digest)) == 1 {
		return true
	}
	return k.Old != nil && now.Before(k.Old.Until) && subtle.ConstantTimeCompare([]byte(k.Old.Hash), []byte(digest)) == 1
}

// validate reports the first thing for which a key cannot be one, as an *akin.InvalidError.
func (k *Key) validate() error {
	invalid := func(field, format string, args ...any) error {
		return &akin.InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	switch {
	case k.Scope < Read || k.Scope > Admin:
		return invalid("scope", "%s is no scope: read, write and admin are", k.Scope)
	case k.Scope == Admin && k.Corpus != "":
		return invalid("corpus", "an admin key is good for all corpora, and names none")
	case k.Scope != Admin && k.Corpus == "":
		return invalid("corpus", "is empty: a key is good for one corpus")
	case k.Scope != Read && len(k.Origins) > 0:
		return invalid("origins", "only a read key may be published in pages, and have origins")
	case !(k.Rate >= 0):
		return invalid("rate", "%v is below 0", k.Rate)
	case strings.ContainsFunc(k.Note, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return invalid("note", "holds a control character")
	}
	if k.Corpus != "" {
		if err := akin.ValidateCorpus(k.Corpus); err != nil {
			return err
		}
	}
	for i, origin := range k.Origins {
		if err := ValidateOrigin(origin); err != nil {
			return invalid(fmt.Sprintf("origins[%d]", i), "%v", err)
		}
	}
	return nil
}

// ValidateOrigin reports why a text is no origin as browsers send it: scheme, host and, unless it is the scheme's own, port.
func ValidateOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != origin || u.User != nil || strings.ToLower(origin) != origin {
		return fmt.Errorf("%q is no origin of the form https://host or https://host:port, in lower case", origin)
	}
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return fmt.Errorf("%q: browsers leave the port %s out", origin, port)
	}
	return nil
}

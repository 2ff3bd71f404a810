package openai

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/akinserver/akin"
)

// Options say where a model is and how to ask it. The zero value asks OpenAI, which wants a key.
type Options struct {
	BaseURL    string // of the API, without /embeddings; empty means https://api.openai.com/v1
	Key        string // sent as a bearer token, to Azure as api-key; empty sends none. It is in no error
	KeyFile    string // read instead of Key, and again whenever it has changed
	Model      string // as the server calls it; empty means text-embedding-3-small
	Dimensions int    // asked of the server; 0 asks for none, and takes the model's own

	// APIVersion makes it an Azure resource: BaseURL is then https://NAME.openai.azure.com, and Deployment what the model is deployed as
	// (Model if empty). A BaseURL as Azure shows it, with /openai/deployments/NAME and ?api-version=, says both.
	APIVersion string
	Deployment string

	Documents Form // of texts to be found
	Queries   Form // of texts to find others by

	TextTokens  int // tokens of the longest text that the model reads; 0 means 8191 for OpenAI's own models, 512 for others
	BatchTexts  int // texts in one request; 0 means 64. A server that takes fewer is found out
	BatchTokens int // tokens in one request, estimated; 0 means 100000

	RequestsPerMinute int           // not to be passed; 0 means no limit but the server's
	TokensPerMinute   int           // the same of tokens, estimated
	Parallel          int           // requests at a time; 0 means 2
	Timeout           time.Duration // of one request, its answer read; 0 means 60 s
	Patience          time.Duration // for one batch, with all waiting and trying again; 0 means 3 min

	Price float64 // of a million tokens, for the sums of Profile; in whatever currency
}

// Form is how texts of one purpose are sent, for models that were trained to tell them apart.
type Form struct {
	Prefix string         // put before each text: "query: "
	Fields map[string]any // added to the request: {"input_type": "query"}
}

const (
	defaultURL   = "https://api.openai.com/v1"
	defaultModel = "text-embedding-3-small"
)

// models are those whose limits are known by their names alone.
var models = map[string]struct{ dimensions, tokens int }{
	"text-embedding-3-small": {1536, 8191},
	"text-embedding-3-large": {3072, 8191},
	"text-embedding-ada-002": {1536, 8191},
}

// withDefaults fills in what is left open, and takes apart a URL as Azure shows it.
func (o Options) withDefaults() Options {
	setDefault(&o.BaseURL, defaultURL)
	setDefault(&o.Model, defaultModel)
	o.Key = strings.TrimSpace(o.Key)
	o.fromAzureURL()
	if o.APIVersion != "" {
		setDefault(&o.Deployment, o.Model)
	}
	setDefault(&o.TextTokens, models[o.Model].tokens)
	setDefault(&o.TextTokens, 512)
	setDefault(&o.BatchTexts, 64)
	setDefault(&o.BatchTokens, 100_000)
	setDefault(&o.Parallel, 2)
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.Patience, 3*time.Minute)
	return o
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// fromAzureURL moves what the URL of a deployment says to the options that stand for it.
func (o *Options) fromAzureURL() {
	u, err := url.Parse(o.BaseURL)
	if err != nil {
		return
	}
	if version := u.Query().Get("api-version"); version != "" && len(u.Query()) == 1 {
		setDefault(&o.APIVersion, version)
		u.RawQuery = ""
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/embeddings")
	if before, deployment, ok := strings.Cut(u.Path, "/openai/deployments/"); ok && o.APIVersion != "" && !strings.Contains(deployment, "/") {
		setDefault(&o.Deployment, deployment)
		u.Path = before
	}
	o.BaseURL = u.String()
}

func (o *Options) validate() error {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil: // the parser's message would repeat a password in the URL
		return &akin.InvalidError{Field: "base_url", Problem: "is not a URL"}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return &akin.InvalidError{Field: "base_url", Problem: fmt.Sprintf("%q does not begin with http:// or https:// and a host", u.Redacted())}
	case u.RawQuery != "" || u.Fragment != "":
		return &akin.InvalidError{Field: "base_url", Problem: "has something after its path"}
	case !isKey(o.Key):
		return &akin.InvalidError{Field: "key", Problem: "holds a character that no header can carry"}
	}
	for _, n := range []struct {
		field string
		value int
	}{
		{"dimensions", o.Dimensions},
		{"text_tokens", o.TextTokens},
		{"batch_texts", o.BatchTexts},
		{"batch_tokens", o.BatchTokens},
		{"requests_per_minute", o.RequestsPerMinute},
		{"tokens_per_minute", o.TokensPerMinute},
		{"parallel", o.Parallel},
	} {
		if n.value < 0 {
			return &akin.InvalidError{Field: n.field, Problem: fmt.Sprintf("%d is negative", n.value)}
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"timeout", o.Timeout}, {"patience", o.Patience}} {
		if d.value < 0 {
			return &akin.InvalidError{Field: d.field, Problem: fmt.Sprintf("%v is negative", d.value)}
		}
	}
	if !(o.Price >= 0) { // NaN is neither
		return &akin.InvalidError{Field: "price", Problem: fmt.Sprintf("%v is negative", o.Price)}
	}
	return o.validateForms()
}

// minText is the least that a model must read for a prefix to leave room for a text.
const minText = 16

func (o *Options) validateForms() error {
	for field, form := range map[string]Form{"document": o.Documents, "query": o.Queries} {
		for name := range form.Fields {
			switch name {
			case "input", "model", "dimensions", "encoding_format":
				return &akin.InvalidError{Field: field + "_fields", Problem: fmt.Sprintf("%q is not for a field of its own: akin sets it", name)}
			}
		}
		if room := o.TextTokens - Tokens(form.Prefix) - specials; room < minText {
			return &akin.InvalidError{Field: "text_tokens", Problem: fmt.Sprintf("%d leave no room for a text beside the %s prefix", o.TextTokens, field)}
		}
	}
	return nil
}

// version changes whenever a text is sent, split or averaged in another way.
const version = 2

// fingerprint is openai/VERSION/MODEL/DIMENSIONS, and whatever else decides vectors. The server is not in it: a model that moves to another host
// stays the same model.
func (o *Options) fingerprint(dimensions int) string {
	model := o.Model
	if o.Deployment != "" && o.Deployment != o.Model {
		model += "@" + o.Deployment
	}
	more := url.Values{"tokens": {fmt.Sprint(o.TextTokens)}}
	for purpose, form := range map[string]Form{"document": o.Documents, "query": o.Queries} {
		if form.Prefix != "" {
			more.Set(purpose, form.Prefix)
		}
		if len(form.Fields) > 0 {
			more.Set(purpose+"_fields", asJSON(form.Fields))
		}
	}
	return fmt.Sprintf("openai/%d/%s/%d?%s", version, model, dimensions, more.Encode())
}

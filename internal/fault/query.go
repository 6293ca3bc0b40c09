package fault

import (
	"regexp"
	"sync"
)

// WithoutQueries is err, with every address of http in quotation marks that its text
// has, as net/url and net/http write them, cut before its query: the address of a
// storage lets everybody in who has the whole of it. errors.Is and errors.As find in
// it what they find in err.
func WithoutQueries(err error) error {
	if err == nil {
		return nil
	}
	told := err.Error()
	text := withQuery().ReplaceAllString(told, "$1$2")
	if text == told {
		return err
	}
	return Reworded(text, err)
}

// withQuery is an address from its quotation mark to its end; what is kept of it is
// before the query. The first form stands in a text that is quoted itself.
var withQuery = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\\"https?://[^"?\s\\]*)\?(?:[^"\\]|\\[^"])*|("https?://[^"?\s\\]*)\?(?:[^"\\]|\\.)*`)
})

// Reworded is err in other words.
func Reworded(text string, err error) error { return &reworded{text, err} }

type reworded struct {
	text string
	err  error
}

func (r *reworded) Error() string { return r.text }
func (r *reworded) Unwrap() error { return r.err }

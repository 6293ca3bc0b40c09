package fault_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestWithoutQueries(t *testing.T) {
	at := func(address string, err error) error { return &url.Error{Op: "Get", URL: address, Err: err} }
	const signed = "https://storage.example/a/b?X-Amz-Signature=s3cret&x=%22"
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"none":             {io.ErrUnexpectedEOF, "unexpected EOF"},
		"no query":         {at("https://registry.example/v2/", io.ErrUnexpectedEOF), `Get "https://registry.example/v2/": unexpected EOF`},
		"one":              {at(signed, io.ErrUnexpectedEOF), `Get "https://storage.example/a/b": unexpected EOF`},
		"two":              {errors.Join(at(signed, io.ErrUnexpectedEOF), at("http://storage.example/?s3cret", io.EOF)), "Get \"https://storage.example/a/b\": unexpected EOF\nGet \"http://storage.example/\": EOF"},
		"one in the other": {at("https://registry.example/v2/", at(signed, io.ErrUnexpectedEOF)), `Get "https://registry.example/v2/": Get "https://storage.example/a/b": unexpected EOF`},
		"in a text":        {fmt.Errorf("%q was said: %w", `see "https://storage.example/?s3cret", and what follows?`, io.ErrUnexpectedEOF), `"see \"https://storage.example/\", and what follows?" was said: unexpected EOF`},
		"with a quote":     {at(`https://storage.example/?a="&b=s3cret`, io.ErrUnexpectedEOF), `Get "https://storage.example/": unexpected EOF`},
		"a fragment":       {at("https://storage.example/?s3cret#x", io.ErrUnexpectedEOF), `Get "https://storage.example/": unexpected EOF`},
		"a question":       {fmt.Errorf("is it %q? or %q: %w", "https://a.example/", "b?", io.ErrUnexpectedEOF), `is it "https://a.example/"? or "b?": unexpected EOF`},
	} {
		got := fault.WithoutQueries(test.err)
		if got.Error() != test.want || !errors.Is(got, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if err := fault.WithoutQueries(nil); err != nil {
		t.Errorf("of no error: %v", err)
	}
}

// A fault keeps its code and its hint.
func TestWithoutQueriesOfAFault(t *testing.T) {
	err := fault.WithoutQueries(fault.Newf("E_A", "do a", "%q is wrong", "https://a.example/?s3cret"))
	all := fault.All(err)
	if len(all) != 1 || all[0].Code != "E_A" || all[0].Hint != "do a" || all[0].Error() != `"https://a.example/" is wrong` {
		t.Errorf("got %v", all)
	}
}

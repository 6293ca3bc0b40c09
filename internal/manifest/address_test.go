package manifest

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestParseAddress(t *testing.T) {
	tests := map[string]struct{ text, file, canonical string }{
		"keys":              {"values.yaml:.deployment.container.image", "values.yaml", ""},
		"a quoted key":      {`apps/values.yaml:."vets-api".image.tag`, "apps/values.yaml", "apps/values.yaml:.vets-api.image.tag"},
		"a key with a dot":  {`a.yaml:.metadata."app.kubernetes.io/version"`, "a.yaml", ""},
		"an item":           {"a.yaml:.env[12].value", "a.yaml", ""},
		"leading zeros":     {"a.yaml:.env[007].value", "a.yaml", "a.yaml:.env[7].value"},
		"an item by name":   {"a.yaml:.env[name=DD_VERSION].value=tag", "a.yaml", ""},
		"a quoted value":    {`a.yaml:.env[name="DD_VERSION"].value`, "a.yaml", "a.yaml:.env[name=DD_VERSION].value"},
		"a value with a ]":  {`a.yaml:.a["x y"="a]\"b"].b`, "a.yaml", ""},
		"a blank in it":     {"a.yaml:.a[name=Web Server].b", "a.yaml", `a.yaml:.a[name="Web Server"].b`},
		"an empty value":    {`a.yaml:.a[name=""].b`, "a.yaml", ""},
		"a nested field":    {`a.yaml:[metadata.name=web].spec.image`, "a.yaml", ""},
		"a document":        {"a.yaml:[1].spec.image=image", "a.yaml", ""},
		"escapes of JSON":   {`a.yaml:."a\/\ud83d\ude00"`, "a.yaml", `a.yaml:."a/😀"`},
		"escapes of Go":     {`a.yaml:."a\x62"`, "a.yaml", "a.yaml:.ab"},
		"a file is cleaned": {"./a//b.yaml:.c", "a/b.yaml", "a/b.yaml:.c"},
		"a colon in it":     {"a:b.yaml:c.yaml:.d", "", ""}, // a drive letter
		"colons in it":      {"aa:b.yaml:.c", "aa:b.yaml", ""},
		"a regexp":          {`Dockerfile:/^FROM (\S+)/=image`, "Dockerfile", ""},
		"a slash in it":     {`a.md:/acme\/web:(\S+)/`, "a.md", ""},
		"a class with = ":   {`.env:/^TAG=([^=]*)$/=tag`, ".env", ""},
		"other groups":      {`a.md:/(?:a|b)(?P<x>c)/`, "a.md", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := ParseAddress(tt.text)
			if tt.file == "" {
				if err == nil {
					t.Errorf("read as %v", a)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := tt.canonical
			if want == "" {
				want = tt.text
			}
			if a.File() != tt.file || a.String() != want {
				t.Errorf("file %q, text %q, want %q and %q", a.File(), a, tt.file, want)
			}
			if again, err := ParseAddress(a.String()); err != nil || again != a {
				t.Errorf("read again as %v, %v", again, err)
			}
		})
	}
}

func TestBadAddresses(t *testing.T) {
	tests := map[string]string{ // what the error says
		"":                                "are missing after the file",
		"values.yaml":                     "a colon and a path or a regexp are missing",
		"values.yaml:image":               "a colon and a path or a regexp are missing",
		":.image":                         `the file "" is empty`,
		"./ :.image":                      `the file "./ " is empty`,
		"./~/a.yaml:.image":               "is absolute",
		"./c:x.yaml:.image":               "begins with a drive letter",
		"../a.yaml:.image":                `the file "../a.yaml" leads out of the repository`,
		"/a.yaml:.image":                  `the file "/a.yaml" is absolute`,
		"~/a.yaml:.image":                 "is absolute",
		"C:/a.yaml:.image":                `the / that closes the regexp is missing`,
		`a\b.yaml:.image`:                 "has a backslash",
		"a/.git/config:.image":            "is git's own",
		"apps/*/values.yaml:.image":       "is a glob; an address names one file",
		"apps/:.image":                    "is a folder",
		"a\tb:.image":                     "holds a control character",
		"a.yaml:.":                        `a key is missing after "a.yaml:."`,
		"a.yaml:.a..b":                    `a key is missing after "a.yaml:.a."`,
		"a.yaml:.a b":                     `one of . [ and = is expected (a key that is not made of letters, digits, _ and - stands in quotes) after "a.yaml:.a"`,
		`a.yaml:."a`:                      `the quotes are not closed after "a.yaml:."`,
		`a.yaml:."a\q"`:                   `the text "a\q" has an escape that is none of Go or JSON`,
		`a.yaml:."\xff"`:                  `has an escape that is none of Go or JSON`,
		"a.yaml:.a[":                      "a position from 0, or name=VALUE, is expected",
		"a.yaml:.a[]":                     "a position from 0, or name=VALUE, is expected",
		"a.yaml:.a[-1]":                   `= and a value are missing after "a.yaml:.a[-1"`,
		"a.yaml:.a[name]":                 `= and a value are missing after "a.yaml:.a[name"`,
		"a.yaml:.a[name=]":                `a value is missing (an empty one is written "") after "a.yaml:.a[name="`,
		"a.yaml:.a[name=b":                "] is missing",
		"a.yaml:.a[99999999999999999999]": `the position is too large after "a.yaml:.a["`,
		"a.yaml:.a=":                      `"" is none of image, name, tag, digest, version`,
		"a.yaml:.a=Tag":                   `"Tag" is none of image, name, tag, digest, version after "a.yaml:.a="`,
		"a.yaml:.a=tag ":                  `"tag " is none of`,
		"a.md:/a":                         `the / that closes the regexp is missing after "a.md:"`,
		"a.md:/a/b/":                      `= or the end is expected (a / within the regexp is written \/) after "a.md:/a/"`,
		"a.md:/a/":                        "the regexp has 0 groups, and must have exactly one",
		"a.md:/(a)(b)/":                   "the regexp has 2 groups",
		"a.md:/(a/":                       "the regexp is not one of RE2",
		"a.md:/(?!a)(b)/":                 "the regexp is not one of RE2",
		"a.md:.\xff":                      "it is not UTF-8",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			a, err := ParseAddress(text)
			if err == nil {
				t.Fatalf("read as %v", a)
			}
			f := fault.All(err)[0]
			if f.Code != "E_FIELD" || f.Hint != addressGrammar || !strings.Contains(f.Error(), want) || a != (Address{}) {
				t.Errorf("%s %v, want %s", f.Code, f, want)
			}
		})
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{`a.yaml:.b."c d"[0][e.f="g]"].h=version`, `a.md:/a\/(b)/=tag`, "a:b:.c", `a:."\u0041\x41"`, "a:[a=b c]", "./a/../b:.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if all := fault.All(err); len(all) != 1 || all[0].Code != "E_FIELD" || all[0].Hint == "" || a != (Address{}) {
				t.Fatalf("%v, %v", a, err)
			}
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("%q is %q, which is %q, %v", s, a, again, err)
		}
		if !a.isText() && written(a.hops()) != a.path {
			t.Fatalf("%q has the hops %v", s, a.hops())
		}
	})
}

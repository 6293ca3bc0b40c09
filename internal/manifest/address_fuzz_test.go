package manifest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// fieldSeeds are addresses without a file, for any file.
var fieldSeeds = []string{
	".image", ".image.tag", ".a=image", ".spec.template.spec.containers[0].image", "[1].spec.version=version",
	"[kind=Deployment].spec.replicas=tag", ".env[name=DD_VERSION].value", ".data.values.image=digest", ".x[a.b=c].d=name", "/:(v[0-9.]+)/", "/image: (.*)$/=image",
}

// FuzzField moves an address in any file: it ends in a fault, or in a result that
// a second edit leaves alone.
func FuzzField(f *testing.F) {
	for n, archive := range seeds(f) {
		addresses := []string{fieldSeeds[n%len(fieldSeeds)]}
		for line := range strings.Lines(string(archive.Comment)) {
			if field, ok := strings.CutPrefix(line, "field: "); ok {
				if a, err := ParseAddress(strings.TrimSpace(field)); err == nil {
					addresses = append(addresses, strings.TrimPrefix(a.String(), a.File()+":"))
				}
			}
		}
		for i, file := range archive.Files {
			f.Add([]byte(real.Replace(string(file.Data))), addresses[i%len(addresses)], uint(i+n))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, address string, how uint) {
		a, err := ParseAddress("a.yaml:" + address)
		if err != nil {
			return
		}
		to := Target{
			Image: mustImage(t, "ghcr.io/acme/web:v1.20@"+newDigest), Pin: []Pin{PinTag, PinDigest, PinBoth}[how%3],
			Fields: []Address{a}, FieldsOnly: how/3%2 == 0, Leave: true,
		}
		files := fstest.MapFS{"a.yaml": {Data: src}}
		r, err := Edit(files, to)
		if err != nil {
			for _, f := range fault.All(err) {
				if f.Code == "E_UNEXPECTED" || f.Hint == "" {
					t.Errorf("no code or no hint: %v", f)
				}
			}
			return
		}
		if to.FieldsOnly && !a.isText() && len(r.Changes) != 1 {
			t.Errorf("%s makes the changes %v", a, r.Changes)
		}
		settled(t, files, to, r)
	})
}

package build

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"
)

// As many links as Docker follows, and not one more.
func TestResolveLinks(t *testing.T) {
	files := newTree()
	must(t, files.put("/0", &node{kind: tar.TypeReg}))
	for i := range 256 {
		must(t, files.put(fmt.Sprintf("/%d", i+1), &node{kind: tar.TypeSymlink, link: fmt.Sprint(i)}))
	}
	if at, err := resolve(files, "/255"); at != "/0" || err != nil {
		t.Errorf("255 links: %q, %v", at, err)
	}
	if _, err := resolve(files, "/256"); err == nil || !strings.Contains(err.Error(), "/256: too many links") {
		t.Errorf("256 links: %v", err)
	}
}

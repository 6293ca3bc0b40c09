package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/fault"
)

// block is a header of a tar, by hand: the writer makes no sparse files.
func block(name string, kind byte, size int) []byte {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x00")
	copy(b[108:], "0000000\x00")
	copy(b[116:], "0000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x00", size))
	copy(b[136:], "00000000000\x00")
	copy(b[148:], "        ")
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// pax are extended headers, of keys and values.
func pax(records ...string) []byte {
	var body bytes.Buffer
	for i := 0; i < len(records); i += 2 {
		rest := " " + records[i] + "=" + records[i+1] + "\n"
		n := len(rest) + 1
		for n != len(rest)+len(fmt.Sprint(n)) {
			n = len(rest) + len(fmt.Sprint(n))
		}
		fmt.Fprint(&body, n, rest)
	}
	out := append(block("pax", tar.TypeXHeader, body.Len()), body.Bytes()...)
	return append(out, make([]byte, (512-body.Len()%512)%512)...)
}

// A few bytes of a tar can tell of a hole of a terabyte.
func TestArchiveWithHoles(t *testing.T) {
	content := append([]byte("0\n"), make([]byte, 510+1024)...)
	huge := fmt.Sprint(int64(1) << 40)
	for name, data := range map[string][]byte{
		"PAX 1.0": append(append(pax("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "layer.tar", "GNU.sparse.realsize", huge),
			block("layer.tar", tar.TypeReg, 512)...), content...),
		"PAX 0.1": append(append(pax("GNU.sparse.size", huge, "GNU.sparse.numblocks", "1", "GNU.sparse.map", "0,1"),
			block("layer.tar", tar.TypeReg, 1)...), content...),
	} {
		t.Run(name, func(t *testing.T) {
			scratch := t.TempDir()
			_, err := archive.Open(t.Context(), onFile(t, data), scratch, "")
			check(t, err, "E_ARCHIVE", `"layer.tar" has holes`, "make it again")
			if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

func TestOpenEnds(t *testing.T) {
	dir, _ := onDisk(t, randomImage(t, 100, 1))
	path, scratch := onFile(t, ofLayout(t, dir).write(t)), t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err := archive.Open(ctx, path, scratch, "")
	if err == nil || fault.Code(err) == "E_ARCHIVE" || !strings.Contains(err.Error(), "enough") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

package build

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func TestAdd(t *testing.T) {
	plain := archive(t, entry{name: "./"}, entry{name: "d/", mode: 0o700, uid: 3, gid: 4}, entry{name: "d/a", text: "A", mode: 0o640, uid: 1, gid: 2},
		entry{name: "l", text: "d", kind: tar.TypeSymlink}, entry{name: "l/b", text: "B"}, entry{name: "h", text: "d/a", kind: tar.TypeLink})
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write(plain)
	must(t, errors.Join(err, z.Close()))
	packed, err := zstd.NewWriter(nil)
	must(t, err)
	unpacked := []string{"x/ 755 0:0", "x/d/ 700 3:4", "x/d/a 640 1:2 A", "x/d/b 755 0:0 B", "x/h 640 1:2 = x/d/a", "x/l 755 0:0 -> d"}
	tests := map[string]struct {
		data []byte
		add  string
		want []string
	}{
		"tar":                    {plain, "ADD f /x", unpacked},
		"tar.gz":                 {zipped.Bytes(), "ADD f /x/", unpacked},
		"tar.zst":                {packed.EncodeAll(plain, nil), "ADD f /x", unpacked},
		"tar.bz2":                {bzipped(t), "ADD f /x", []string{"x/ 755 0:0", "x/a 644 0:0 A"}},
		"an owner":               {plain, "ADD --chown=7:8 --chmod=777 f /x/", []string{"x/ 755 7:8", "x/d/ 700 7:8", "x/d/a 640 7:8 A", "x/d/b 755 7:8 B", "x/h 640 7:8 = x/d/a", "x/l 755 7:8 -> d"}},
		"not to be unpacked":     {[]byte("BZh9 is no archive"), "ADD f /x/", []string{"x/ 755 0:0", "x/f 644 0:0 BZh9 is no archive"}},
		"gzip in name only":      {[]byte("\x1f\x8b is none"), "ADD f /x", []string{"x 644 0:0 \x1f\x8b is none"}},
		"--unpack=false":         {[]byte("\xfd7zXZ\x00"), "ADD --unpack=false f /x", []string{"x 644 0:0 \xfd7zXZ\x00"}},
		"a file like any other":  {[]byte("F"), "ADD --chmod=600 f /x", []string{"x 600 0:0 F"}},
		"an empty file":          {nil, "ADD f /x", []string{"x 644 0:0 "}},
		"COPY does not unpack":   {[]byte("F"), "COPY f /x", []string{"x 644 0:0 F"}},
		"text in the Dockerfile": {nil, "ADD <<EOF /x\nhi\nEOF", []string{"x 644 0:0 hi\n"}},
		"onto what is there": {archive(t, entry{name: "a", text: "new"}, entry{name: "d", text: "file"}),
			"COPY <<a /x/a\nold\na\nCOPY <<b /x/d/b\nold\nb\nADD f /x", []string{"x/ 755 0:0", "x/a 755 0:0 new", "x/d 755 0:0 file"}},
		"over links of the image": {archive(t, entry{name: "lib/a", text: "A"}), "ADD l.tar /\nADD f /", []string{"lib 755 0:0 -> usr/lib", "usr/ 755 0:0", "usr/lib/ 755 0:0", "usr/lib/a 755 0:0 A"}},
	}
	links := string(archive(t, entry{name: "usr/lib/"}, entry{name: "lib", text: "usr/lib", kind: tar.TypeSymlink}))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mustBuild(t, map[string]string{"f": string(test.data), "l.tar": links, "Dockerfile": "FROM scratch\n" + test.add + "\n"}, nil)
			if diff := cmp.Diff(test.want, got.files(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// bzipped is a tar.bz2 with the file a, as bzip2 made it; Go has no compressor.
func bzipped(t *testing.T) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(bzippedTar)
	must(t, err)
	return data
}

func TestAddMistakes(t *testing.T) {
	good := string(archive(t, entry{name: "a", text: strings.Repeat("A", 1000)}))
	tests := map[string]struct {
		data string
		code string
		text string
	}{
		"packed with xz":    {"\xfd7zXZ\x00", "E_BUILD_UNSUPPORTED", "it is packed with xz"},
		"goes out":          {string(archive(t, entry{name: "../a", text: "A"})), "E_BUILD_COPY", `entry "../a" leads out`},
		"deletes":           {string(archive(t, entry{name: "d/.wh.a"})), "E_BUILD_COPY", "would delete a file"},
		"cut off":           {good[:600], "E_BUILD_COPY", "unexpected EOF"},
		"links to a folder": {string(archive(t, entry{name: "d/"}, entry{name: "a", text: "d", kind: tar.TypeLink})), "E_BUILD_COPY", "a hard link to d, which is no file"},
		"links to nothing":  {string(archive(t, entry{name: "a", text: "b", kind: tar.TypeLink})), "E_BUILD_COPY", "a hard link to b, which is no file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := buildIn(t, folder(t, map[string]string{"f.tar": test.data, "Dockerfile": "FROM scratch\n\nADD f.tar /\n"}), nil)
			wantFault(t, err, test.code, 3, test.text, "")
			if strings.HasPrefix(test.code, "E_BUILD_U") && !strings.Contains(err.Error(), "f.tar") {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
}

const bzippedTar = "" +
	"QlpoOTFBWSZTWWFjWGgAAG//hMmAAEBgAGWAIAAAAOAAngAAAIAIIABUNIZAABoIqaTQA000F/razmiFaKiVlzmc7aUOJKhASi8E" +
	"TVs4g28tA6ORTG80HRtOKYVUIiA+LuSKcKEgwsaw0A=="

package build

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// noNetwork refuses every request.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network here")
}

// Whatever stands in a Dockerfile, the build ends with an image or an error, and
// the same both times.
func FuzzDockerfile(f *testing.F) {
	for _, seed := range []string{
		"FROM scratch\nCOPY a /b\nADD a.tar /x\nENV A=1 B=${A:-x}\nLABEL a=\"$B\"\n",
		"ARG V=1\nFROM --platform=$BUILDPLATFORM scratch AS x\nCOPY --chown=1:2 --chmod=u+x d/* /d/\nFROM x\nCOPY --from=x /d /e\nWORKDIR e/../f\n",
		"# escape=`\nFROM scratch\nCOPY <<EOF <<-B /x/\n$A\nEOF\n\tb\nB\nUSER a\nVOLUME [\"/a\"]\n",
		"FROM scratch\nHEALTHCHECK --interval=1s CMD x\nSHELL [\"a\"]\nCMD b\nENTRYPOINT c\nEXPOSE 1-3/udp\nSTOPSIGNAL 9\nONBUILD COPY . /\nMAINTAINER m\n",
		"# syntax=a/b\nFROM a\nRUN x\n", "FROM scratch\nCOPY --exclude=* --link . /\n", "FROM ${A\n", "",
	} {
		f.Add(seed)
	}
	dir := folder(f, map[string]string{"a": "A", "d/b": "B", "d/l": "-> ../a", "up": "-> ../..", ".dockerignore": "*.log\n"})
	must(f, os.WriteFile(filepath.Join(dir, "a.tar"), archive(f, entry{name: "t", text: "T"}), 0o600))
	f.Fuzz(func(t *testing.T, dockerfile string) {
		name := filepath.Join(t.TempDir(), "Dockerfile")
		must(t, os.WriteFile(name, []byte(dockerfile), 0o600))
		r := Request{Context: dir, Dockerfile: name, Layout: filepath.Join(filepath.Dir(name), "l"), Platform: "linux/amd64"}
		builder := Native{Reach: by(noNetwork{})}
		first, err1 := builder.Build(context.Background(), r)
		second, err2 := builder.Build(context.Background(), r)
		switch {
		case (err1 == nil) != (err2 == nil):
			t.Errorf("first %v, then %v", err1, err2)
		case err1 == nil && *first != *second:
			t.Errorf("first %+v, then %+v", first, second)
		}
	})
}

// A usual image: a program of 20 MB on scratch. Memory does not grow with it.
func BenchmarkNative20MB(b *testing.B) {
	dir := folder(b, map[string]string{"Dockerfile": "FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n"})
	data := make([]byte, 20<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range data { // half as dense as random bytes, like a program
		data[i] = byte(random.IntN(16))
	}
	must(b, os.WriteFile(filepath.Join(dir, "app"), data, 0o600))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Native{}.Build(context.Background(), Request{Context: dir, Layout: filepath.Join(b.TempDir(), "l")})
		must(b, err)
	}
}

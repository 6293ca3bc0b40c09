//go:build unix

package infra

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A run as root leaves files to those whom they belong to.
func TestFilesKeepOwnerAndMode(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	w := filesWorld(t)
	name := filepath.Join(w.folder, "apps/web/deploy.yaml")
	if err := os.Chown(name, 12345, 54321); err != nil {
		t.Fatal(err)
	}
	want := 0o640 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if err := os.Chmod(name, want); err != nil {
		t.Fatal(err)
	}
	repo := w.open(t)
	if _, err := repo.Commit(t.Context(), mustRead(t, repo), bump("new\n")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); info.Mode() != want || owner.Uid != 12345 || owner.Gid != 54321 {
		t.Errorf("got %v of %d:%d", info.Mode(), owner.Uid, owner.Gid)
	}
}

package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

func TestRunsThatHaveASecretInCommon(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	eight, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: eight}))
	app := func(id, key string) accessInputs { return accessInputs{AppID: id, AppPrivateKey: Secret(key)} }
	token := func(text string) accessInputs { return accessInputs{InfraToken: Secret(text)} }
	personal := "ghp_" + strings.Repeat("a", 36)

	for name, c := range map[string]struct {
		one, other accessInputs
		same       bool
	}{
		"a key, by id and client id": {app("1", pkcs1), app("Iv1.abc", pkcs1), true},
		"a key in two forms":         {app("1", pkcs1), app("1", pkcs8), true},
		"a key in one line":          {app("1", pkcs1), app("1", strings.ReplaceAll(pkcs1, "\n", `\n`)), true},
		"a token":                    {token(personal), token(personal), true},
		"two tokens":                 {token(personal), token(personal + "b"), false},
		"a token and a key":          {token(personal), app("1", pkcs1), false},
	} {
		one, other := c.one.secret("acme/infra"), c.other.secret("acme/infra")
		if len(one) == 0 || len(other) == 0 || bytes.Equal(one, other) != c.same {
			t.Errorf("%s: %x and %x", name, one, other)
		}
		if bytes.Equal(one, c.one.secret("acme/other")) {
			t.Errorf("%s: one secret for two repositories", name)
		}
		if bytes.Contains([]byte(personal), one) || bytes.Contains([]byte(pkcs1), one) {
			t.Errorf("%s: the secret is the credential itself", name)
		}
	}
	for name, in := range map[string]accessInputs{
		"nobody":               {},
		"the job's own token":  token("ghs_" + strings.Repeat("a", 36)),
		"a guessable password": token("hunter2"),
		"no key":               app("1", "no key"),
	} {
		if got := in.secret("acme/infra"); got != nil {
			t.Errorf("%s: got %x", name, got)
		}
	}
}

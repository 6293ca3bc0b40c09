package cli

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// shortestSecret is what a token has at least of which no password is made: what
// is derived of a shorter one could be guessed by whoever sees what it signs.
const shortestSecret = 20

// secret is what runs of this identity that write to one repository have in common
// and nobody else has, so that they may write for one another: neither the key nor
// the token, but made of it. nil where every run has a token of its own.
func (in accessInputs) secret(repository string) []byte {
	token := string(in.InfraToken)
	switch {
	case in.AppID != "":
		return ofKey(repository, string(in.AppPrivateKey))
	case strings.HasPrefix(token, "ghs_") || len(token) < shortestSecret: // a job's, or that of an App that somebody else has minted
		return nil
	}
	return derived(repository, token)
}

// ofKey is derived of a private key, the same of all the ways in which it may be
// written; nil of what is no key.
func ofKey(repository, text string) []byte {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\r`, ""), `\n`, "\n")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		if block.Bytes, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			return nil
		}
	}
	return derived(repository, string(block.Bytes))
}

func derived(repository, text string) []byte {
	sum := sha256.Sum256([]byte("tagboat edits\n" + repository + "\n" + text))
	return sum[:]
}

#!/usr/bin/env bash
# s3cmd: buckets in two regions, synchronised, copied across, tagged, removed. It knows nothing of versions, and presigns
# as S3 has not taken it from new buckets since 2020.
# Usage: s3cmd.sh S3CMD ENDPOINT NAME DIRECTORY, where DIRECTORY/up holds "large" (over 8 MiB) and "dir/small".
set -euo pipefail
S3CMD=$1 here=s3://$3-here there=s3://$3-there up=$4/up down=$4/down
host=${2#http://}
s3cmd() {
  "$S3CMD" --config /dev/null --no-ssl --host "$host" --host-bucket "$host" --no-progress --quiet \
    --access_key "$AWS_ACCESS_KEY_ID" --secret_key "$AWS_SECRET_ACCESS_KEY" "$@"
}

s3cmd mb "$here"
s3cmd --bucket-location eu-west-1 mb "$there"
s3cmd --multipart-chunk-size-mb 5 sync "$up/" "$here/"
s3cmd --multipart-chunk-size-mb 5 sync "$here/" "$there/"
mkdir -p "$down"
s3cmd sync "$there/" "$down/"
diff -r "$up" "$down"

s3cmd --add-header x-amz-tagging:team=web put "$up/dir/small" "$here/dir/small"
s3cmd info "$here/dir/small"

s3cmd rb --force --recursive "$here"
s3cmd rb --force --recursive "$there"

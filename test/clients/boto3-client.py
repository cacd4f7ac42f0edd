#!/usr/bin/env python3
"""boto3: buckets in two regions, filled, copied across, versioned, tagged, presigned, removed.

Usage: boto3-client.py ENDPOINT NAME DIRECTORY, where DIRECTORY/up holds "large" (over 8 MiB) and "dir/small".
"""
import filecmp
import os
import sys
from urllib.request import urlopen

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

endpoint, name, directory = sys.argv[1:]
up, down = os.path.join(directory, "up"), os.path.join(directory, "down")
here, there = f"{name}-here", f"{name}-there"
parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)


def client(region):
    return boto3.client("s3", region, endpoint_url=endpoint, config=Config(signature_version="s3v4"))


east, west = client("us-east-1"), client("eu-west-1")
east.create_bucket(Bucket=here)
west.create_bucket(Bucket=there, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
assert east.get_bucket_location(Bucket=there)["LocationConstraint"] == "eu-west-1"

east.put_bucket_versioning(Bucket=here, VersioningConfiguration={"Status": "Enabled"})
checked = {"ChecksumAlgorithm": "SHA256", "Metadata": {"a": "b"}}
for key in ("large", "dir/small", "dir/small"):
    east.upload_file(os.path.join(up, key), here, key, ExtraArgs=checked, Config=parts)
east.put_object_tagging(Bucket=here, Key="dir/small", Tagging={"TagSet": [{"Key": "team", "Value": "web"}]})

os.makedirs(os.path.join(down, "dir"))
for key in ("large", "dir/small"):
    west.copy({"Bucket": here, "Key": key}, there, key, SourceClient=east, Config=parts)
    west.download_file(there, key, os.path.join(down, key))
    assert filecmp.cmp(os.path.join(up, key), os.path.join(down, key), shallow=False), key
assert west.get_object_tagging(Bucket=there, Key="dir/small")["TagSet"] == [{"Key": "team", "Value": "web"}]

link = east.generate_presigned_url("get_object", Params={"Bucket": here, "Key": "dir/small"})
with urlopen(link) as answer, open(os.path.join(up, "dir/small"), "rb") as small:
    assert answer.read() == small.read()

# Deletes each page before it asks for the next one.
pages = east.get_paginator("list_object_versions").paginate(Bucket=here, PaginationConfig={"PageSize": 2})
for page in pages:
    named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in page["Versions"]]
    assert "Errors" not in east.delete_objects(Bucket=here, Delete={"Objects": named})
boto3.resource("s3", "eu-west-1", endpoint_url=endpoint).Bucket(there).objects.delete()
east.delete_bucket(Bucket=here)
west.delete_bucket(Bucket=there)
print(f"boto3 {boto3.__version__}")
